import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  checkAgainstProfile,
  checkCertificationRequest,
  PROFILES,
  type CertificationRequest,
  type ProfileName,
  type ProfileQuestion,
} from "../../src/index.ts";
import { honestRequest, type RequestParts } from "../support/request.ts";
import { writeName } from "../../src/name/write-name.ts";

const KEYS = {
  EC: generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey,
  Ed25519: generateKeyPairSync("ed25519").privateKey,
  RSA: generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey,
};
type Kind = keyof typeof KEYS;

function requestBy(kind: Kind, parts: RequestParts = {}): CertificationRequest {
  const checked = checkCertificationRequest(honestRequest(KEYS[kind], parts));
  if (!checked.ok) throw new Error(checked.violations[0].code);
  return checked.value;
}

const ask = (kind: Kind, question: Omit<ProfileQuestion, "request">): string[] =>
  checkAgainstProfile({ request: requestBy(kind), ...question }).map(({ code, field }) => `${field} ${code}`);

test("without a profile the stricter one is meant", () => {
  expect(ask("Ed25519", {})).toEqual(["spec.request: public key ERR_KEY_ALGORITHM"]);
  expect(ask("Ed25519", { profile: "General" })).toEqual([]);
});

describe("usages in profile General", () => {
  test.each<[fact: string, kind: Kind, question: Omit<ProfileQuestion, "request">, expected: string[]]>([
    ["none", "EC", {}, []],
    ["cert-manager's default, of an EC key", "EC", { usages: ["digital signature", "key encipherment"] }, []],
    ["a purpose alone", "EC", { usages: ["server auth"] }, []],
    [
      "a usage that no setting allows by default",
      "EC",
      { usages: ["code signing"] },
      ["spec.usages[0] ERR_USAGE_NOT_ALLOWED"],
    ],
    [
      "ocsp signing where it is allowed",
      "EC",
      {
        usages: ["digital signature", "ocsp signing"],
        allowedUsages: ["digital signature", "ocsp signing"],
      },
      [],
    ],
    [
      "digital signature where it is not allowed",
      "RSA",
      { usages: ["signing"], allowedUsages: ["key encipherment"] },
      ["spec.usages[0] ERR_USAGE_NOT_ALLOWED"],
    ],
    ["what no EC key can do", "EC", { usages: ["key encipherment"] }, ["spec.usages ERR_USAGE_KEY"]],
    [
      "what no Ed25519 key can do",
      "Ed25519",
      { usages: ["key agreement"], allowedUsages: ["key agreement"] },
      ["spec.usages ERR_USAGE_KEY"],
    ],
    ["what an RSA key can do", "RSA", { usages: ["key encipherment"] }, []],
    [
      "a purpose that goes with no other usage",
      "RSA",
      { usages: ["key encipherment", "client auth"] },
      ["spec.usages ERR_USAGE_INCONSISTENT"],
    ],
    [
      "one purpose of two that goes with another usage",
      "RSA",
      {
        usages: ["key encipherment", "client auth", "server auth"],
      },
      [],
    ],
    [
      "a usage that is none",
      "RSA",
      { usages: ["key encipherment", "Client Auth"] },
      ["spec.usages[1] ERR_USAGE_UNKNOWN"],
    ],
    [
      "cert sign without a CA",
      "EC",
      { usages: ["cert sign"], allowedUsages: ["cert sign"], allowCa: true },
      ["spec.usages[0] ERR_USAGE_NOT_ALLOWED"],
    ],
    ["cert sign of a CA", "EC", { usages: ["cert sign", "crl sign"], isCa: true, allowCa: true }, []],
    ["key encipherment alone of a CA", "EC", { usages: ["key encipherment"], isCa: true, allowCa: true }, []],
    ["a CA that is not allowed", "EC", { isCa: true }, ["spec.isCA ERR_CA_NOT_ALLOWED"]],
    [
      "a CA below a root that allows none",
      "EC",
      { isCa: true, allowCa: true, root: { subject: [], pathLength: 0 } },
      ["spec.isCA ERR_CA_PATH_LENGTH"],
    ],
    ["a CA below a root without a bound", "EC", { isCa: true, allowCa: true, root: { subject: [] } }, []],
  ])("%s", (_, kind, question, expected) => {
    expect(ask(kind, { profile: "General", ...question })).toEqual(expected);
  });

  test("are those of RolesAnywhere, where digital signature is always added, so that some always remain", () => {
    expect(ask("EC", { usages: ["key encipherment"] })).toEqual([]);
    expect(ask("RSA", { usages: ["key encipherment", "client auth"] })).toEqual([]);
  });
});

describe.each<ProfileName>(["RolesAnywhere", "General"])("in profile %s", (profile) => {
  test("the root's name is refused, in another spelling too", () => {
    const root = {
      subject: [
        { type: "CN", oid: "2.5.4.3", value: "Example  CA" },
        { type: "O", oid: "2.5.4.10", value: "x" },
      ],
    };
    const subject = writeName([
      { type: "O", value: "X" },
      { type: "CN", value: "EXAMPLE CA" },
    ]);
    const codes = checkAgainstProfile({ profile, request: requestBy("EC", { subject }), root }).map(({ code }) => code);
    expect(codes).toEqual(["ERR_NAME_ISSUER"]);
    expect(ask("EC", { profile, root })).toEqual([]);
  });

  test("a blocked key is refused by the hash of its SubjectPublicKeyInfo", () => {
    const request = requestBy("RSA");
    const asked: string[] = [];
    const isBlockedKey = (sha256: string): boolean => asked.push(sha256) > 0;
    const violations = checkAgainstProfile({ profile, request, isBlockedKey });
    expect(violations.map(({ code }) => code)).toEqual(["ERR_KEY_BLOCKED"]);
    expect(asked).toEqual([request.publicKey.sha256]);
    expect(checkAgainstProfile({ profile, request, isBlockedKey: () => false })).toEqual([]);
  });

  test("every violation is reported at once, each with a cure where there is one", () => {
    const subject = writeName([
      { type: "CN", value: "publisher.fleet@capstan" },
      { type: "C", value: "\0" },
    ]);
    const violations = checkAgainstProfile({
      profile,
      request: requestBy("EC", { subject }),
      usages: ["any"],
      isCa: true,
      isBlockedKey: () => true,
    });
    expect(violations.map(({ code, field }) => `${field} ${code}`)).toEqual([
      "spec.request: subject.CN ERR_NAME_RESERVED",
      "spec.request: subject.C ERR_NAME_CHARACTER",
      "spec.request: subject.C ERR_NAME_COUNTRY",
      "spec.request: public key ERR_KEY_BLOCKED",
      "spec.isCA ERR_CA_NOT_ALLOWED",
      "spec.usages[0] ERR_USAGE_NOT_ALLOWED",
    ]);
    expect(violations.every(({ rule }) => rule.length > 10)).toBe(true);
  });

  test("the table is as it is named, and forbids what would make a leaf more than one", () => {
    const { name, mayIssueCa, forbiddenUsages, needsDigitalSignature, maxCertificateBytes } = PROFILES[profile];
    expect({ name, mayIssueCa, needsDigitalSignature, maxCertificateBytes, forbidden: forbiddenUsages.length }).toEqual(
      profile === "General"
        ? { name: "General", mayIssueCa: true, needsDigitalSignature: false, maxCertificateBytes: 8_192, forbidden: 0 }
        : {
            name: "RolesAnywhere",
            mayIssueCa: false,
            needsDigitalSignature: true,
            maxCertificateBytes: 4_096,
            forbidden: 4,
          },
    );
  });
});
