import type { IssuedCertificate, Revocation } from "@capstan/api";
import { describe, expect, test } from "vitest";
import { planRevocation, type RevocationPlan } from "../../src/revocations/plan-revocation.ts";
import { after, now, ownNamespace, record, revocation, revokedAt } from "../support/objects.ts";

function plan(wish: Revocation, ...records: readonly IssuedCertificate[]): RevocationPlan {
  return planRevocation({ revocation: wish, records, ownNamespace, now: now.getTime() });
}

const others = record({ name: "others", spec: { requestNamespace: "other" } });
const publishers = (() => {
  const { requestNamespace: _none, ...spec } = record().spec;
  return { ...record({ name: "sentinel" }), spec: { ...spec, purpose: "CrlSentinel" as const } };
})();
const expired = record({ spec: { notAfter: after(-1_000).toISOString() } });
const byName = { issuedCertificate: "record-1" };

describe("a revocation is refused", () => {
  test.each<[fact: string, wish: Revocation, records: readonly IssuedCertificate[], reason: string, message: string]>([
    ["unknown-serial", revocation(), [], "NotFound", "no certificate with serial 4f1c was issued to namespace demo"],
    [
      "serial-of-another-namespace",
      revocation(),
      [others],
      "NotFound",
      "no certificate with serial 4f1c was issued to namespace demo",
    ],
    [
      "record-of-another-namespace-by-name",
      revocation({ target: { issuedCertificate: "others" } }),
      [others],
      "NotFound",
      "no certificate with IssuedCertificate others was issued to namespace demo",
    ],
    [
      "the-publishers-own-leaf",
      revocation(),
      [publishers],
      "NotFound",
      "no certificate with serial 4f1c was issued to namespace demo",
    ],
    [
      "unknown-to-the-whole-ledger",
      revocation({ namespace: ownNamespace }),
      [],
      "NotFound",
      "no certificate with serial 4f1c is in the ledger",
    ],
    [
      "two-of-one-serial",
      revocation(),
      [record(), record({ name: "record-2" })],
      "AmbiguousSerial",
      "2 certificates have serial 4f1c; name one by spec.target.issuedCertificate",
    ],
    [
      "two-of-one-serial-in-different-namespaces-for-an-administrator",
      revocation({ namespace: ownNamespace }),
      [record(), others],
      "AmbiguousSerial",
      "2 certificates have serial 4f1c; name one by spec.target.issuedCertificate",
    ],
    [
      "expired",
      revocation(),
      [expired],
      "Expired",
      `the certificate with serial 4f1c expired at ${after(-1_000).toISOString()}`,
    ],
    [
      "expires-now",
      revocation(),
      [record({ spec: { notAfter: now.toISOString() } })],
      "Expired",
      `the certificate with serial 4f1c expired at ${now.toISOString()}`,
    ],
  ])("%s", (_fact, wish, records, reason, message) => {
    expect(plan(wish, ...records)).toEqual({ do: "refuse", reason, message });
  });

  test("and-a-tenant-hears-the-same-of-others-leaves-as-of-none", () => {
    const answers = [[], [others], [others, publishers]].map((records) => plan(revocation(), ...records));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  });
});

describe("a record is marked", () => {
  test.each<[fact: string, wish: Revocation, records: readonly IssuedCertificate[], name: string]>([
    ["of-the-own-namespace-by-serial", revocation(), [record()], "record-1"],
    ["of-the-own-namespace-by-name", revocation({ target: byName }), [record()], "record-1"],
    ["the-own-one-of-two-with-one-serial", revocation(), [others, record()], "record-1"],
    ["of-any-namespace-for-an-administrator", revocation({ namespace: ownNamespace }), [others], "others"],
    ["the-publishers-own-for-an-administrator", revocation({ namespace: ownNamespace }), [publishers], "sentinel"],
    ["that-ends-in-a-second", revocation(), [record({ spec: { notAfter: after(1_000).toISOString() } })], "record-1"],
  ])("%s", (_fact, wish, records, name) => {
    expect(plan(wish, ...records)).toMatchObject({ do: "mark", record: { metadata: { name } } });
  });
});

describe("a record that is revoked already is only listed", () => {
  test.each<[fact: string, of: IssuedCertificate]>([
    ["whatever-the-reason-was", record({ status: revokedAt(now) })],
    ["also-when-it-has-expired-since", { ...expired, status: revokedAt(now) ?? {} }],
  ])("%s", (_fact, of) => {
    expect(plan(revocation(), of)).toEqual({ do: "list", record: of });
  });
});
