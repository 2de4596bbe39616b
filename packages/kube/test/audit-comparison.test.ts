import { expect, test } from "vitest";
import { type AuditReading, compareWithLedger, type LedgerLeaf, type ReadSignature } from "../src/index.ts";

const now = new Date("2026-11-22T12:00:00Z");
const retentionMs = 86_400_000;

function signature(over: Partial<ReadSignature> = {}): ReadSignature {
  return {
    purpose: "Leaf",
    authority: "fleet",
    generation: 1,
    serial: "4f1c",
    notAfter: "2026-11-23T10:00:00Z",
    line: "a/1",
    at: "2026-11-22T10:00:00Z",
    outcome: "signed",
    sha256: "ab",
    ...over,
  };
}

function leaf(over: Partial<LedgerLeaf> = {}): LedgerLeaf {
  return {
    name: "uid-1",
    authority: "fleet",
    generation: 1,
    serial: "4f1c",
    sha256: "ab",
    createdAt: new Date("2026-11-22T10:00:01Z"),
    ...over,
  };
}

function reading(...signatures: readonly ReadSignature[]): AuditReading {
  const chain = { chain: "a", program: "p", version: "1", from: "2026-11-22T09:00:00Z", to: "2026-11-22T11:00:00Z" };
  return { chains: [{ ...chain, lines: 9, ended: true }], signatures, faults: [], otherLines: 0 };
}

const nothing = {
  neverReleased: [],
  withoutLine: [],
  differing: [],
  serialsTwice: [],
  matched: 0,
  pruned: 0,
  inFlight: 0,
  beforeLog: 0,
};

const crash = signature({ outcome: "unknown", serial: "77" });
const { sha256: _unknown, ...withoutBytes } = signature({ outcome: "unknown" });
const stranger = leaf({ serial: "99" });

test.each<[string, readonly ReadSignature[], readonly LedgerLeaf[], Partial<ReturnType<typeof compareWithLedger>>]>([
  ["a leaf in both is matched", [signature()], [leaf()], { matched: 1 }],
  ["a signature without a record was never released", [signature()], [], { neverReleased: [signature()] }],
  ["a signature whose end is unknown may have been made", [crash], [], { neverReleased: [crash] }],
  ["a signature that failed needs no record", [signature({ outcome: "failed" })], [], {}],
  [
    "a CRL, a root and a probe need no record",
    [signature({ purpose: "CRL" }), signature({ purpose: "Root" }), signature({ purpose: "Probe" })],
    [],
    {},
  ],
  [
    "a leaf of our own needs one",
    [signature({ purpose: "OwnLeaf" })],
    [],
    { neverReleased: [signature({ purpose: "OwnLeaf" })] },
  ],
  [
    "a record may be gone a day after its leaf's end",
    [signature({ notAfter: "2026-11-21T11:59:59Z" })],
    [],
    { pruned: 1 },
  ],
  [
    "a record may not be gone before",
    [signature({ notAfter: "2026-11-21T12:00:00Z" })],
    [],
    { neverReleased: [signature({ notAfter: "2026-11-21T12:00:00Z" })] },
  ],
  ["a signature of a moment ago may be on its way", [signature({ at: "2026-11-22T11:59:30Z" })], [], { inFlight: 1 }],
  ["a record without a line was signed elsewhere", [], [stranger], { withoutLine: [stranger] }],
  [
    "a record of a failed signature was signed elsewhere",
    [signature({ outcome: "failed" })],
    [leaf()],
    { withoutLine: [leaf()] },
  ],
  ["a record made after the log was read says nothing", [], [leaf({ createdAt: now })], { inFlight: 1 }],
  [
    "a record from before the log says nothing",
    [],
    [leaf({ createdAt: new Date("2026-11-22T08:59:59Z") })],
    { beforeLog: 1 },
  ],
  [
    "a record with other bytes differs",
    [signature()],
    [leaf({ sha256: "cd" })],
    { differing: [leaf({ sha256: "cd" })] },
  ],
  ["a record of a signature whose end is unknown is matched by its serial", [withoutBytes], [leaf()], { matched: 1 }],
  [
    "a serial that was signed twice shows",
    [signature(), signature({ line: "a/3" })],
    [leaf()],
    { matched: 1, serialsTwice: ["fleet-1 4f1c"] },
  ],
  [
    "a serial in two records shows",
    [signature()],
    [leaf(), leaf({ name: "uid-2" })],
    { matched: 2, serialsTwice: ["fleet-1 4f1c"] },
  ],
  [
    "the same serial of two generations is no other's",
    [signature(), signature({ generation: 2, line: "a/3" })],
    [leaf(), leaf({ generation: 2 })],
    { matched: 2 },
  ],
])("%s", (_, signatures, leaves, expected) => {
  expect(compareWithLedger({ reading: reading(...signatures), leaves, now, retentionMs })).toEqual({
    ...nothing,
    ...expected,
  });
});

test("without any line every record is from before the log", () => {
  const empty: AuditReading = { chains: [], signatures: [], faults: [], otherLines: 0 };
  expect(compareWithLedger({ reading: empty, leaves: [leaf()], now, retentionMs })).toEqual({
    ...nothing,
    beforeLog: 1,
  });
});
