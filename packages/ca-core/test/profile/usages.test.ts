import { describe, expect, test } from "vitest";
import {
  checkAgainstProfile,
  checkCertificationRequest,
  isReservedName,
  ownCommonName,
  usagesOf,
  type ProfileQuestion,
} from "../../src/index.ts";
import { extendedKeyUsageOids, isUsage, keyUsageBits, usageOfBit, usageOfOid } from "../../src/profile/usages.ts";
import { requestPem, requestWithSubject } from "../support/request.ts";

const checked = checkCertificationRequest(requestPem());
if (!checked.ok) throw new Error("the request is well formed");
const request = checked.value;
const ask = (question: Omit<ProfileQuestion, "request">): string[] =>
  checkAgainstProfile({ request, ...question }).map(({ code, field }) => `${field} ${code}`);

describe("spec.usages", () => {
  test.each<[string, readonly string[] | undefined]>([
    ["none", undefined],
    ["an empty list", []],
    ["the four of the profile", ["digital signature", "key encipherment", "client auth", "server auth"]],
    ["signing, the other name of digital signature", ["signing"]],
  ])("may be %s", (_, usages) => {
    expect(ask(usages === undefined ? {} : { usages })).toEqual([]);
  });

  test.each([
    ["cert sign", "ERR_USAGE_NOT_ALLOWED"],
    ["crl sign", "ERR_USAGE_NOT_ALLOWED"],
    ["any", "ERR_USAGE_NOT_ALLOWED"],
    ["ocsp signing", "ERR_USAGE_NOT_ALLOWED"],
    ["code signing", "ERR_USAGE_NOT_ALLOWED"],
    ["key agreement", "ERR_USAGE_NOT_ALLOWED"],
    ["Client Auth", "ERR_USAGE_UNKNOWN"],
    ["", "ERR_USAGE_UNKNOWN"],
    ["toString", "ERR_USAGE_UNKNOWN"],
    ["__proto__", "ERR_USAGE_UNKNOWN"],
  ])("may not be %j", (usage, code) => {
    expect(ask({ usages: ["client auth", usage] })).toEqual([`spec.usages[1] ${code}`]);
  });
});

test("more of them than there are kinds are refused by their number alone, in no time", () => {
  const many = (count: number): string[] => Array.from({ length: count }, () => "code signing");
  expect(ask({ usages: many(64) })).toHaveLength(64);
  expect(ask({ usages: many(65) })).toEqual(["spec.usages ERR_USAGE_COUNT"]);
  expect(ask({ usages: many(150_000) })).toEqual(["spec.usages ERR_USAGE_COUNT"]);
});

test("a setting can narrow and widen the usages, but never to what makes a leaf more than a leaf", () => {
  expect(ask({ usages: ["server auth"], allowedUsages: ["client auth"] })).toEqual([
    "spec.usages[0] ERR_USAGE_NOT_ALLOWED",
  ]);
  expect(ask({ usages: ["code signing"], allowedUsages: ["code signing"] })).toEqual([]);
  expect(ask({ usages: ["digital signature"], allowedUsages: [] })).toEqual([]);
  for (const usage of ["cert sign", "crl sign", "any", "ocsp signing"] as const) {
    expect(ask({ usages: [usage], allowedUsages: [usage] })).toEqual(["spec.usages[0] ERR_USAGE_NOT_ALLOWED"]);
  }
});

test("spec.isCA is refused", () => {
  expect(ask({ isCa: true })).toEqual(["spec.isCA ERR_CA_NOT_ALLOWED"]);
  expect(ask({ isCa: false })).toEqual([]);
});

test("a request without usages means digital signature and key encipherment, and no purpose", () => {
  expect(usagesOf(undefined)).toEqual(["digital signature", "key encipherment"]);
  expect(keyUsageBits(usagesOf([]))).toEqual([0, 2]);
  expect(extendedKeyUsageOids(usagesOf([]))).toEqual([]);
});

test("bits come sorted and once, purposes in the order of the request and once", () => {
  expect(keyUsageBits(["decipher only", "signing", "digital signature"])).toEqual([0, 8]);
  const purposes = extendedKeyUsageOids(["server auth", "s/mime", "client auth", "email protection", "server auth"]);
  expect(purposes.map(usageOfOid)).toEqual(["server auth", "s/mime", "client auth"]);
  expect([0, 1, 8, 9].map(usageOfBit)).toEqual(["digital signature", "content commitment", "decipher only", undefined]);
  expect(["client auth", "constructor"].map(isUsage)).toEqual([true, false]);
});

describe("Capstan's own names", () => {
  test.each([
    ["publisher", "fleet", "publisher.fleet@capstan"],
    ["canary", "fleet", "canary.fleet@capstan"],
    ["crl", "a".repeat(49), `crl.${"a".repeat(49)}@capstan`],
  ] as const)("are %s.%s@capstan", (role, caName, name) => {
    expect(ownCommonName(role, caName)).toBe(name);
  });

  test("of long CA names are hashed, not cut, and differ", () => {
    const [one, two] = [
      ownCommonName("publisher", `${"a".repeat(60)}1`),
      ownCommonName("publisher", `${"a".repeat(60)}2`),
    ];
    expect(one).toMatch(/^publisher\.[0-9a-f]{32}@capstan$/);
    expect(one).not.toBe(two);
  });

  test("are reserved, and would pass the profile if they were not", () => {
    for (const role of ["publisher", "canary", "crl"] as const) {
      const name = ownCommonName(role, "fleet");
      expect(isReservedName(name)).toBe(true);
      const own = checkCertificationRequest(requestWithSubject(["CN", name]));
      expect(own.ok && checkAgainstProfile({ request: own.value }).map(({ code }) => code)).toEqual([
        "ERR_NAME_RESERVED",
      ]);
    }
  });

  test.each(["web.demo", "capstan", "a@capstan.example", "publisher.fleet"])("do not include %s", (name) => {
    expect(isReservedName(name)).toBe(false);
  });
});
