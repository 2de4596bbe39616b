import type { IssuedCertificate, Revocation } from "@capstan/api";
import { describe, expect, test } from "vitest";
import { planRevocation, type RevocationPlan } from "../../src/revocations/plan-revocation.ts";
import { type LeafTarget, readTarget } from "../../src/revocations/revocation-target.ts";
import { after, now, ownNamespace, record, revocation, revokedAt } from "../support/objects.ts";

function plan(wish: Revocation, ...records: readonly IssuedCertificate[]): RevocationPlan {
  const target = readTarget(wish) as LeafTarget;
  return planRevocation({ revocation: wish, target, records, roots: [], ownNamespace, now: now.getTime() });
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
    ["unknown-serial", revocation(), [], "NotYours", "no certificate with serial 4f1c was issued to namespace demo"],
    [
      "serial-of-another-namespace",
      revocation(),
      [others],
      "NotYours",
      "no certificate with serial 4f1c was issued to namespace demo",
    ],
    [
      "record-of-another-namespace-by-name",
      revocation({ target: { issuedCertificate: "others" } }),
      [others],
      "NotYours",
      "no certificate with IssuedCertificate others was issued to namespace demo",
    ],
    [
      "the-publishers-own-leaf",
      revocation(),
      [publishers],
      "NotYours",
      "no certificate with serial 4f1c was issued to namespace demo",
    ],
    [
      "unknown-to-the-whole-ledger",
      revocation({ namespace: ownNamespace }),
      [],
      "UnknownSerial",
      "no certificate with serial 4f1c is in the ledger; give the certificate itself by spec.target.certificate, as proof that it is ours",
    ],
    [
      "unknown-and-perhaps-decimal",
      revocation({ namespace: ownNamespace, target: { serial: "255" } }),
      [],
      "UnknownSerial",
      "no certificate with serial 0255 is in the ledger; give the certificate itself by spec.target.certificate, as proof that it is ours. If it was meant in decimal, write ff",
    ],
    [
      "unknown-record-for-an-administrator",
      revocation({ namespace: ownNamespace, target: byName }),
      [],
      "NotFound",
      "the ledger has no IssuedCertificate record-1",
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
    expect(plan(wish, ...records)).toMatchObject({ do: "mark", leaf: { record: { metadata: { name } } } });
  });
});

describe("a record that is revoked already", () => {
  const first = { revocation: "demo/web" };
  const by = (reason: "superseded" | "keyCompromise", change: object = {}): IssuedCertificate["status"] => {
    const revoked = revokedAt(now, reason)?.revoked;
    return revoked === undefined ? {} : { revoked: { ...revoked, ...change } };
  };
  const superseded = { ...revocation(), spec: { ...revocation().spec, reason: "superseded" as const } };

  test.each<[fact: string, wish: Revocation, of: IssuedCertificate, expected: Partial<RevocationPlan>]>([
    [
      "by-this-revocation-is-followed",
      superseded,
      record({ status: by("superseded", first) }),
      { do: "follow", already: false },
    ],
    ["by-another-is-followed", superseded, record({ status: by("superseded") }), { do: "follow", already: true }],
    ["keeps-a-key-compromise", superseded, record({ status: by("keyCompromise") }), { do: "follow", already: true }],
    [
      "for-a-key-compromise-stays-so",
      revocation(),
      record({ status: by("keyCompromise") }),
      { do: "follow", already: true },
    ],
    ["is-raised-to-a-key-compromise", revocation(), record({ status: by("superseded") }), { do: "raise" }],
    [
      "and-has-expired-is-not-raised",
      revocation(),
      { ...expired, status: by("superseded") ?? {} },
      { do: "follow", already: true },
    ],
  ])("%s", (_fact, wish, of, expected) => {
    expect(plan(wish, of)).toMatchObject({ ...expected, leaf: { record: of } });
  });
});
