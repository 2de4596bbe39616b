import type { CertificateAuthority, IssuedCertificate } from "@capstan/api";
import type { SanKind, SubjectAlternativeName } from "@capstan/ca-core";
import { describe, expect, test } from "vitest";
import { checkLedgerSize, recordOf, refusalOf } from "../../src/signing/ledger-record.ts";
import {
  after,
  authority,
  clusterIssuer,
  day,
  minute,
  newGeneration,
  now,
  record,
  issuance,
} from "../support/objects.ts";

const generation = await newGeneration();
const fleet = authority([generation]);
const name = "ledger record 0a1b2c3d-0000-4000-8000-000000000001";

describe("a record is not handed out", () => {
  test.each<[fact: string, stored: IssuedCertificate, authority: CertificateAuthority, refusal: string]>([
    ["other-request-hash", record({ spec: { requestHash: "f".repeat(64) } }), fleet, "was made for another request"],
    [
      "expired-a-second-ago",
      record({ spec: { notAfter: after(-1_000).toISOString() } }),
      fleet,
      "holds a certificate that has expired; ask anew",
    ],
    [
      "expires-now",
      record({ spec: { notAfter: now.toISOString() } }),
      fleet,
      "holds a certificate that has expired; ask anew",
    ],
    [
      "revoked",
      record({ status: { revoked: { at: now.toISOString(), reason: "superseded", revocation: "demo/web" } } }),
      fleet,
      "holds a certificate that was revoked; ask anew",
    ],
    [
      "of-another-authority",
      record({ spec: { authority: "other" } }),
      fleet,
      "holds a certificate of generation 1, which is no longer trusted; ask anew",
    ],
    [
      "of-an-unknown-generation",
      record({ spec: { generation: 2 } }),
      fleet,
      "holds a certificate of generation 2, which is no longer trusted; ask anew",
    ],
    ...(["Pending", "Published", "Retired", "Destroyed", "Abandoned"] as const).map(
      (phase): [string, IssuedCertificate, CertificateAuthority, string] => [
        `of-a-generation-that-is-${phase.toLowerCase()}`,
        record(),
        authority([generation], { 1: phase }),
        "holds a certificate of generation 1, which is no longer trusted; ask anew",
      ],
    ),
  ])("%s", (_fact, stored, owner, refusal) => {
    expect(refusalOf(stored, record().spec.requestHash ?? "", owner, now)).toBe(`${name} ${refusal}`);
  });
});

describe("a record is handed out", () => {
  test.each<[fact: string, stored: IssuedCertificate, authority: CertificateAuthority]>([
    ["of-the-active-generation", record(), fleet],
    ["of-a-draining-generation", record(), authority([generation], { 1: "Draining" })],
    ["one-that-expires-in-a-second", record({ spec: { notAfter: after(1_000).toISOString() } }), fleet],
    ["one-with-another-serial-since-an-earlier-try-made-it", record({ spec: { serial: "77aa" } }), fleet],
  ])("%s", (_fact, stored, owner) => {
    expect(refusalOf(stored, record().spec.requestHash ?? "", owner, now)).toBeUndefined();
  });
});

const names = (kind: SanKind, count: number) =>
  Array.from({ length: count }, (_, index) => ({ kind, value: `n${index}` }) as const);

test.each<[fact: string, list: readonly SubjectAlternativeName[], faults: number]>([
  ["no-names-fit", [], 0],
  ["64-of-each-kind-fit", [...names("DNS", 64), ...names("URI", 64)], 0],
  ["65-dns-names-do-not", names("DNS", 65), 1],
  ["65-uris-do-not", names("URI", 65), 1],
  ["65-addresses-do-not", names("IP", 65), 1],
  ["65-email-addresses-do-not", names("Email", 65), 1],
  ["65-other-names-do-not", names("otherName", 65), 1],
  ["both-are-said-at-once", [...names("DNS", 65), ...names("URI", 65)], 2],
])("%s", (_fact, subjectAlternativeNames, faults) => {
  expect(checkLedgerSize({ subject: [], subjectAlternativeNames })).toHaveLength(faults);
});

test.each<[fact: string, length: number, faults: number]>([
  ["a-subject-of-4096-characters-fits", 4_093, 0],
  ["a-longer-one-does-not", 4_094, 1],
])("%s", (_fact, length, faults) => {
  const subject = [{ type: "CN", oid: "2.5.4.3", value: "x".repeat(length) }];
  expect(checkLedgerSize({ subject, subjectAlternativeNames: [] })).toHaveLength(faults);
});

const input: Parameters<typeof recordOf>[0] = {
  issuance: issuance({ csr: new TextEncoder().encode("csr") }),
  issuer: clusterIssuer({ metadata: { name: "fleet", generation: 7 } }),
  authority: "fleet",
  generation: 3,
  granted: {
    subject: [
      { type: "O", oid: "2.5.4.10", value: "Example Corp" },
      { type: "CN", oid: "2.5.4.3", value: "web.demo" },
    ],
    subjectAlternativeNames: [
      { kind: "DNS", value: "web.demo.svc" },
      { kind: "URI", value: "spiffe://example.org/web" },
      { kind: "DNS", value: "www.demo.svc" },
    ],
    profile: "RolesAnywhere",
    subjectDer: new Uint8Array(),
    isCa: false,
    usages: ["client auth"],
    durationMs: day,
    notes: [],
  },
  publicKey: { algorithm: "ECDSA-P256", spki: new Uint8Array(), sha256: "a".repeat(64) },
  leaf: { serial: "4f1c" as never, pem: "leaf", notBefore: after(-5 * minute), notAfter: after(day) },
  quota: undefined,
  namespace: "capstan-system",
};

test("a-record-tells-whose-quota-it-was-taken-from", () => {
  const labels = (quota: string | undefined): unknown => recordOf({ ...input, quota }).metadata.labels;
  expect([labels("b1"), labels(undefined)]).toEqual([
    expect.objectContaining({ "capstan.dev/quota": "b1" }),
    expect.not.objectContaining({ "capstan.dev/quota": expect.anything() }),
  ]);
});

test("a-record-tells-who-has-which-leaf-and-why", () => {
  expect(recordOf(input)).toMatchInlineSnapshot(`
    {
      "apiVersion": "capstan.dev/v1alpha1",
      "kind": "IssuedCertificate",
      "metadata": {
        "labels": {
          "capstan.dev/asked": "4dd488c088e5a1ff7930b1afe0cc9b0bdcb155e2",
          "capstan.dev/authority": "fleet",
          "capstan.dev/not-after": "1795402800",
        },
        "name": "0a1b2c3d-0000-4000-8000-000000000001",
        "namespace": "capstan-system",
      },
      "spec": {
        "authority": "fleet",
        "certificate": "leaf",
        "commonName": "web.demo",
        "dnsNames": [
          "web.demo.svc",
          "www.demo.svc",
        ],
        "generation": 3,
        "issuerGeneration": 7,
        "issuerKind": "CapstanClusterIssuer",
        "issuerName": "fleet",
        "notAfter": "2026-11-23T03:00:00Z",
        "notBefore": "2026-11-22T02:55:00Z",
        "publicKeySha256": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "purpose": "Workload",
        "requestHash": "8a6e39ba9e19b882dac5c45c8cf753c0d30bb24b1a6554e9655f51c7a4ad045e",
        "requestKind": "CertificateRequest",
        "requestName": "web-1",
        "requestNamespace": "demo",
        "requester": "system:serviceaccount:cert-manager:cert-manager",
        "serial": "4f1c",
        "subject": "O=Example Corp,CN=web.demo",
        "uris": [
          "spiffe://example.org/web",
        ],
      },
    }
  `);
});

test("names-that-the-leaf-does-not-have-are-left-out", () => {
  const bare = { ...input.granted, subject: [], subjectAlternativeNames: [] };
  const { spec } = recordOf({ ...input, granted: bare });
  expect(Object.keys(spec).filter((key) => ["commonName", "dnsNames", "uris"].includes(key))).toEqual([]);
});

test.each<[fact: string, username: string, requester: string]>([
  ["512-characters-stay", "u".repeat(512), "u".repeat(512)],
  ["a-longer-one-is-cut-and-says-so", "u".repeat(513), `${"u".repeat(511)}…`],
])("%s", (_fact, username, requester) => {
  expect(recordOf({ ...input, issuance: issuance({ requester: { username, groups: [] } }) }).spec.requester).toBe(
    requester,
  );
});

test("a-record-of-a-request-without-a-namespace-names-none", () => {
  const asked = issuance({
    requestKind: "CertificateSigningRequest",
    attested: { namespace: undefined, unattested: "it was not made by a service account" },
  });
  const { spec } = recordOf({ ...input, issuance: asked });
  expect(spec).toMatchObject({ requestKind: "CertificateSigningRequest", requestName: "web-1" });
  expect(spec).not.toHaveProperty("requestNamespace");
});

test("every-kind-of-name-has-its-field", () => {
  const subjectAlternativeNames = (["DNS", "URI", "IP", "Email", "otherName"] as const).map((kind) => ({
    kind,
    value: kind,
  }));
  expect(recordOf({ ...input, granted: { ...input.granted, subjectAlternativeNames } }).spec).toMatchObject({
    dnsNames: ["DNS"],
    uris: ["URI"],
    ipAddresses: ["IP"],
    emailAddresses: ["Email"],
    otherNames: ["otherName"],
  });
});

test("a-record-says-what-the-request-was-made-for", () => {
  const owner = { kind: "Certificate", name: "web", uid: "c" } as const;
  expect(recordOf({ ...input, issuance: issuance({ owner }) }).spec.owner).toEqual(owner);
});
