import type { CertificateAuthority, IssuedCertificate } from "@capstan/api";
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
  request,
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
    expect(refusalOf(stored, record(), owner, now)).toBe(`${name} ${refusal}`);
  });
});

describe("a record is handed out", () => {
  test.each<[fact: string, stored: IssuedCertificate, authority: CertificateAuthority]>([
    ["of-the-active-generation", record(), fleet],
    ["of-a-draining-generation", record(), authority([generation], { 1: "Draining" })],
    ["one-that-expires-in-a-second", record({ spec: { notAfter: after(1_000).toISOString() } }), fleet],
    ["one-with-another-serial-since-an-earlier-try-made-it", record({ spec: { serial: "77aa" } }), fleet],
  ])("%s", (_fact, stored, owner) => {
    expect(refusalOf(stored, record(), owner, now)).toBeUndefined();
  });
});

const names = (kind: "DNS" | "URI", count: number) =>
  Array.from({ length: count }, (_, index) => ({ kind, value: `n${index}` }) as const);

test.each<[fact: string, list: readonly { readonly kind: "DNS" | "URI"; readonly value: string }[], faults: number]>([
  ["no-names-fit", [], 0],
  ["64-of-each-kind-fit", [...names("DNS", 64), ...names("URI", 64)], 0],
  ["65-dns-names-do-not", names("DNS", 65), 1],
  ["65-uris-do-not", names("URI", 65), 1],
  ["both-are-said-at-once", [...names("DNS", 65), ...names("URI", 65)], 2],
])("%s", (_fact, subjectAlternativeNames, faults) => {
  expect(checkLedgerSize({ subjectAlternativeNames })).toHaveLength(faults);
});

const input: Parameters<typeof recordOf>[0] = {
  request: request({ spec: { request: "Y3Ny" } }),
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
    usages: ["client auth"],
    durationMs: day,
    notes: [],
  },
  publicKey: { algorithm: "ECDSA-P256", spki: new Uint8Array(), sha256: "a".repeat(64) },
  leaf: { serial: "4f1c" as never, pem: "leaf", notBefore: after(-5 * minute), notAfter: after(day) },
  namespace: "capstan-system",
};

test("a-record-tells-who-has-which-leaf-and-why", () => {
  expect(recordOf(input)).toMatchInlineSnapshot(`
    {
      "apiVersion": "capstan.dev/v1alpha1",
      "kind": "IssuedCertificate",
      "metadata": {
        "labels": {
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
        "requestHash": "6aa9fd7e35b0c9467e1b84ee6ee73e73d4f55e4a4c33a5f07a6fb686051a7c1a",
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

test.each<[fact: string, username: string | undefined, requester: string]>([
  ["a-missing-user-name-is-empty", undefined, ""],
  ["512-characters-stay", "u".repeat(512), "u".repeat(512)],
  ["a-longer-one-is-cut-and-says-so", "u".repeat(513), `${"u".repeat(511)}…`],
])("%s", (_fact, username, requester) => {
  const { username: _own, ...spec } = request().spec;
  const asked = { ...request(), spec: username === undefined ? spec : { ...spec, username } };
  expect(recordOf({ ...input, request: asked }).spec.requester).toBe(requester);
});

test.each(["uid", "namespace"] as const)("a-request-without-%s-is-none-of-the-api-servers", (field) => {
  const { [field]: _gone, ...metadata } = request().metadata;
  expect(() => recordOf({ ...input, request: { ...request(), metadata } })).toThrow(TypeError);
});
