import "reflect-metadata";
import { createHash, randomBytes, webcrypto, X509Certificate } from "node:crypto";
import type { GenerationMark, IssuedCertificate } from "@capstan/api";
import { AuditReader, type ReadSignature } from "@capstan/kube";
import * as x509 from "@peculiar/x509";
import { beforeAll, describe, expect, test } from "vitest";
import { checkExactlyOnce } from "../src/check-exactly-once.ts";
import type { Evidence } from "../src/evidence.ts";
import { judge } from "../src/judge.ts";
import type { CertificateRequest } from "../src/requests.ts";

x509.cryptoProvider.set(webcrypto as Parameters<typeof x509.cryptoProvider.set>[0] & object);
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const notAfter = "2026-11-30T00:00:00Z";

interface Leaf {
  readonly pem: string;
  readonly serial: string;
  readonly sha256: string;
  readonly keySha256: string;
}

async function makeLeaf(commonName: string): Promise<Leaf> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${commonName}`,
    keys,
    signingAlgorithm: algorithm,
    // Its first octet is under 80: no sign octet.
    serialNumber: `4f${randomBytes(8).toString("hex")}`,
    notBefore: new Date("2026-11-22T00:00:00Z"),
    notAfter: new Date(notAfter),
  });
  const pem = `${certificate.toString("pem").trimEnd()}\n`;
  return {
    pem,
    serial: new X509Certificate(pem).serialNumber.toLowerCase(),
    sha256: sha256(new Uint8Array(certificate.rawData)),
    keySha256: sha256(new Uint8Array(certificate.publicKey.rawData)),
  };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

let leaves: { readonly a: Leaf; readonly b: Leaf; readonly lost: Leaf };
beforeAll(async () => {
  leaves = { a: await makeLeaf("a"), b: await makeLeaf("b"), lost: await makeLeaf("a") };
});

function request(name: string, { pem }: Leaf): CertificateRequest {
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "CertificateRequest",
    metadata: { namespace: "default", name, uid: `uid-${name}` },
    status: {
      certificate: Buffer.from(pem).toString("base64"),
      conditions: [{ type: "Ready", reason: "Issued" }],
    },
  };
}

function record(name: string, { pem, serial }: Leaf): IssuedCertificate {
  return {
    apiVersion: "capstan.dev/v1alpha1",
    kind: "IssuedCertificate",
    metadata: { namespace: "capstan-system", name: `uid-${name}`, creationTimestamp: "2026-11-22T10:00:01Z" },
    spec: {
      authority: "faults",
      generation: 1,
      purpose: "Workload",
      serial,
      certificate: pem,
      requestNamespace: "default",
      requestName: name,
    } as IssuedCertificate["spec"],
  };
}

function signature({ serial, sha256 }: Leaf, sequence: number): ReadSignature {
  return {
    purpose: "Leaf",
    authority: "faults",
    generation: 1,
    serial,
    notAfter,
    line: `chain/${sequence}`,
    at: "2026-11-22T10:00:00.000Z",
    outcome: "signed",
    sha256,
  };
}

/** Two requests with a leaf each, and one signature that nobody was given. */
function sound(): Evidence {
  const { a, b, lost } = leaves;
  return {
    planned: [
      { name: "a", commonName: "a", csr: "", keySha256: a.keySha256, durationMs: 0 },
      { name: "b", commonName: "b", csr: "", keySha256: b.keySha256, durationMs: 0 },
    ],
    requests: [request("a", a), request("b", b)],
    records: [record("a", a), record("b", b)],
    marks: [{ spec: { authority: "faults", generation: 1, notAfter } } as Partial<GenerationMark> as GenerationMark],
    audit: {
      ...new AuditReader().finish(),
      chains: [
        {
          chain: "chain",
          program: "capstan-issuer-controller",
          version: "0.1.0",
          from: "2026-11-22T09:59:00.000Z",
          to: "2026-11-22T10:01:00.000Z",
          lines: 7,
          ended: false,
        },
      ],
      signatures: [signature(lost, 1), signature(a, 3), signature(b, 5)],
    },
    markings: [
      { at: new Date("2026-11-22T09:59:59Z"), authority: "faults", generation: 1, notAfter: new Date(notAfter) },
    ],
    crossings: [
      { what: "recorded", of: "uid-a", certificate: a.pem },
      { what: "released", of: "default/a", certificate: a.pem },
      { what: "recorded", of: "uid-b", certificate: b.pem },
      { what: "released", of: "default/b", certificate: b.pem },
      // Its answer was lost, and so it was sent again.
      { what: "released", of: "default/b", certificate: b.pem },
    ],
  };
}

const brokenRules = (evidence: Evidence): readonly string[] =>
  checkExactlyOnce(evidence).findings.flatMap(({ rule, faults }) => (faults.length > 0 ? [rule] : []));

test("a-sound-run-breaks-no-rule-and-its-lost-signature-is-counted", () => {
  expect(brokenRules(sound())).toEqual([]);
  expect(checkExactlyOnce(sound()).counts).toEqual({
    requests: 2,
    records: 2,
    auditLogs: 1,
    signatures: 3,
    recorded: 2,
    neverReleased: 1,
    unknown: 0,
  });
  expect(judge("random", sound()).results.map(({ outcome }) => outcome)).not.toContain("failed");
});

test("a-rule-that-had-nothing-to-look-at-has-failed", () => {
  const { results } = judge("random", { ...sound(), crossings: [] });
  expect(results.filter(({ outcome }) => outcome === "failed").map(({ name }) => name)).toEqual([
    "Nothing was handed out before its replica knew that the ledger holds it",
    "No request was handed two certificates",
  ]);
});

const issued = "Each request ended Issued with a certificate";
const fitting = "Each certificate has the name and the key of its request";
const oneRecord = "Each request has one ledger record, with the bytes of its certificate";
const strange = "No ledger record of a workload is of anything but a request";
const serials = "No serial was used twice, neither in the ledger nor in the audit logs";
const chains = "No chain of an audit log has a gap or was changed";
const signed = "Each record was signed between two lines of an audit log, with the same bytes";
const accounted = "Each signature is a record, or its leaf was never released";
const marks = "Each generation's mark is at or after every end that it signed";
const markedFirst = "No replica signed before it knew of a mark at or after the leaf's end";
const recordedFirst = "Nothing was handed out before its replica knew that the ledger holds it";
const oneRelease = "No request was handed two certificates";

describe("a run breaks a rule when", () => {
  test.each<readonly [string, (sound: Evidence) => Partial<Evidence>, readonly string[]]>([
    ["a-request-is-gone", ({ requests }) => ({ requests: requests.slice(1) }), [issued, oneRecord]],
    [
      "a-request-failed",
      ({ requests: [, b] }) => ({
        requests: [
          { ...request("a", leaves.a), status: { conditions: [{ type: "Ready", reason: "Failed" }] } },
          ...(b === undefined ? [] : [b]),
        ],
      }),
      [issued, oneRecord],
    ],
    [
      "a-request-has-the-leaf-of-another",
      ({ requests: [a] }) => ({ requests: [...(a === undefined ? [] : [a]), request("b", leaves.a)] }),
      [fitting, oneRecord],
    ],
    [
      "a-request-was-given-a-leaf-that-is-in-no-record",
      ({ requests: [, b] }) => ({ requests: [request("a", leaves.lost), ...(b === undefined ? [] : [b])] }),
      [fitting, oneRecord, accounted],
    ],
    ["a-leaf-has-no-record", ({ records }) => ({ records: records.slice(1) }), [oneRecord, accounted]],
    [
      "a-request-has-two-records",
      ({ records }) => ({ records: [...records, { ...record("a", leaves.lost), metadata: { name: "another" } }] }),
      [oneRecord],
    ],
    [
      "a-record-is-named-by-no-uid",
      ({ records: [, b] }) => ({
        records: [{ ...record("a", leaves.a), metadata: { name: "another" } }, ...(b === undefined ? [] : [b])],
      }),
      [oneRecord],
    ],
    ["a-record-is-of-no-request", ({ planned }) => ({ planned: planned.slice(1) }), [strange]],
    [
      "a-serial-was-signed-twice",
      ({ audit }) => ({ audit: { ...audit, signatures: [...audit.signatures, signature(leaves.b, 7)] } }),
      [serials, accounted],
    ],
    [
      "an-audit-log-has-a-gap",
      ({ audit }) => ({
        audit: { ...audit, faults: [{ code: "ERR_AUDIT_GAP", line: 3, chain: "chain", message: "line 3" }] },
      }),
      [chains],
    ],
    [
      "a-record-was-signed-outside-the-audit-logs",
      ({ audit }) => ({ audit: { ...audit, signatures: audit.signatures.slice(0, -1) } }),
      [signed],
    ],
    [
      "other-bytes-were-signed-than-recorded",
      ({ audit }) => ({
        audit: {
          ...audit,
          signatures: [...audit.signatures.slice(0, -1), { ...signature(leaves.b, 5), sha256: "00" }],
        },
      }),
      [signed],
    ],
    [
      "a-leaf-that-is-in-no-record-was-handed-out",
      ({ crossings }) => ({
        crossings: [{ what: "released", of: "default/a", certificate: leaves.lost.pem }, ...crossings],
      }),
      [accounted, recordedFirst, oneRelease],
    ],
    [
      "a-leaf-was-handed-out-before-its-record",
      ({ crossings }) => ({ crossings: crossings.toReversed() }),
      [recordedFirst],
    ],
    [
      "a-mark-is-lower-than-an-end",
      () => ({
        marks: [
          {
            spec: { authority: "faults", generation: 1, notAfter: "2026-11-29T23:59:59Z" },
          } as Partial<GenerationMark> as GenerationMark,
        ],
      }),
      [marks],
    ],
    [
      "a-mark-was-raised-after-the-signature",
      ({ markings }) => ({ markings: markings.map((one) => ({ ...one, at: new Date("2026-11-22T10:00:01Z") })) }),
      [markedFirst],
    ],
    [
      "a-mark-was-known-to-be-lower-than-an-end",
      ({ markings }) => ({ markings: markings.map((one) => ({ ...one, notAfter: new Date("2026-11-29T00:00:00Z") })) }),
      [markedFirst],
    ],
    [
      "the-mark-of-another-generation-was-raised",
      ({ markings }) => ({ markings: markings.map((one) => ({ ...one, generation: 2 })) }),
      [markedFirst],
    ],
    ["a-generation-has-no-mark", () => ({ marks: [] }), [marks]],
  ])("%s", (_, breakIt, expected) => {
    const evidence = sound();
    expect(brokenRules({ ...evidence, ...breakIt(evidence) })).toEqual(expected);
  });
});
