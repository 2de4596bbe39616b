import * as fc from "fast-check";
import { expect, test } from "vitest";
import { AuditChain, type AuditEvent, type SignaturePurpose } from "../src/audit-chain.ts";
import { AuditReader, type AuditReading } from "../src/index.ts";

const text = fc.string({ maxLength: 40, unit: "binary" });
const purposes: readonly SignaturePurpose[] = ["Leaf", "OwnLeaf", "Root", "CRL", "Probe"];

interface Attempt {
  readonly signature: Extract<AuditEvent, { readonly event: "signing" }>["signature"];
  readonly end: "signed" | "failed" | "unknown";
}

const attempt: fc.Arbitrary<Attempt> = fc.record({
  signature: fc.record(
    {
      purpose: fc.constantFrom(...purposes),
      authority: fc.constantFrom("fleet", "edge"),
      generation: fc.integer({ min: 1, max: 9 }),
      serial: fc.stringMatching(/^[0-9a-f]{8}$/),
      subject: text,
      requester: text,
    },
    { requiredKeys: ["purpose", "authority", "generation"] },
  ),
  end: fc.constantFrom("signed", "signed", "failed", "unknown"),
});

function linesOf(
  id: string,
  attempts: readonly Attempt[],
  { ended = true }: { readonly ended?: boolean } = {},
): string[] {
  let ms = 1_790_000_000_000;
  const chain = new AuditChain({ id, program: "capstan-test", version: "1", now: () => new Date((ms += 1000)) });
  const lines = [chain.start()];
  for (const { signature, end } of attempts) {
    const of = chain.next;
    lines.push(chain.line({ event: "signing", signature }));
    if (end === "signed") lines.push(chain.line({ event: "signed", of, sha256: "ab".repeat(32) }));
    if (end === "failed") lines.push(chain.line({ event: "failed", of, code: "ERR_X" }));
  }
  if (ended) lines.push(chain.line({ event: "end" }));
  return lines;
}

function read(lines: readonly string[]): AuditReading {
  const reader = new AuditReader();
  for (const line of lines) reader.read(line);
  return reader.finish();
}

const attempts = fc.array(attempt, { minLength: 2, maxLength: 12 });

test("a log as it was written has no fault, and tells every signature with its end", () => {
  fc.assert(
    fc.property(attempts, fc.boolean(), (attempts, ended) => {
      const lines = linesOf("a", attempts, { ended });
      const { faults, signatures, chains, otherLines } = read(lines);
      expect(faults).toEqual([]);
      expect(otherLines).toBe(0);
      expect(chains).toMatchObject([{ chain: "a", program: "capstan-test", version: "1", lines: lines.length, ended }]);
      expect(signatures.map(({ outcome }) => outcome)).toEqual(attempts.map(({ end }) => end));
      expect(signatures).toMatchObject(
        attempts.map(({ signature }) => JSON.parse(JSON.stringify(signature)) as object),
      );
    }),
  );
});

test("chains may be interleaved with each other and with lines of something else", () => {
  fc.assert(
    fc.property(attempts, attempts, fc.infiniteStream(fc.nat(2)), (one, two, choices) => {
      const sources = [linesOf("a", one), linesOf("b", two), ["", "{}", "not json", '{"audit":false}', "null", "7"]];
      const mixed: string[] = [];
      while (sources.some((source) => source.length > 0))
        mixed.push(...(sources[choices.next().value ?? 0]?.splice(0, 1) ?? []));
      const { faults, chains, otherLines, signatures } = read(mixed);
      expect(faults).toEqual([]);
      expect(otherLines).toBe(6);
      expect(chains.map(({ chain }) => chain).toSorted()).toEqual(["a", "b"]);
      expect(signatures.length).toBe(one.length + two.length);
    }),
  );
});

/** Each takes the lines and two places in them, and returns lines that somebody has tampered with. */
const tampering: readonly [string, (lines: readonly string[], at: number, other: number) => readonly string[]][] = [
  ["a line is dropped", (lines, at) => lines.toSpliced(at, 1)],
  ["a line is written twice", (lines, at) => lines.toSpliced(at, 0, lines[at] ?? "")],
  ["a line is moved", (lines, at, other) => lines.toSpliced(at, 1).toSpliced(other, 0, lines[at] ?? "")],
  ["two lines change places", (lines, at, other) => lines.with(at, lines[other] ?? "").with(other, lines[at] ?? "")],
  ["a time is changed", (lines, at) => lines.with(at, (lines[at] ?? "").replace(/"time":"2/, '"time":"1'))],
  ["a blank is added", (lines, at) => lines.with(at, (lines[at] ?? "").replace(":", ": "))],
  [
    "a sequence number is changed",
    (lines, at) => lines.with(at, (lines[at] ?? "").replace(/"sequence":/, '"sequence":9')),
  ],
  ["a line becomes unreadable", (lines, at) => lines.with(at, (lines[at] ?? "").slice(0, -1))],
  [
    "a line is no audit line any more",
    (lines, at) => lines.with(at, (lines[at] ?? "").replace('"audit":true', '"audit":null')),
  ],
  [
    "the lines from one place to another are dropped",
    (lines, at, other) => lines.filter((_, index) => index < Math.min(at, other) || index > Math.max(at, other)),
  ],
];

test.each(tampering)("it shows when %s", (_, tamper) => {
  fc.assert(
    fc.property(attempts, fc.nat(), fc.nat(), (attempts, first, second) => {
      const lines = linesOf("a", attempts);
      // The last line is what nothing comes after: see the tests below.
      const [at, other] = [first % (lines.length - 1), second % (lines.length - 1)];
      fc.pre(at !== other);
      const tampered = tamper(lines, at, other);
      expect(read(tampered).faults).not.toEqual([]);
    }),
  );
});

test.each([
  [
    "gap",
    (lines: string[]) => lines.toSpliced(2, 2),
    "ERR_AUDIT_GAP",
    3,
    "line 3: 2 lines are missing before line 4 of the chain",
  ],
  [
    "order",
    (lines: string[]) => lines.toSpliced(4, 0, lines[1] ?? ""),
    "ERR_AUDIT_ORDER",
    5,
    "line 5: line 1 of the chain stands where line 4 should: moved, or there twice",
  ],
  [
    "edit",
    (lines: string[]) => lines.with(1, (lines[1] ?? "").replace("fleet", "float")),
    "ERR_AUDIT_EDITED",
    3,
    "line 3: line 1 of the chain is not the one that line 2 was written after",
  ],
  [
    "beginning cut off",
    (lines: string[]) => lines.slice(1),
    "ERR_AUDIT_HEADLESS",
    1,
    "line 1: begins with line 1: read it together with the file before",
  ],
  [
    "foreign line",
    (lines: string[]) => [...lines, '{"audit":true,"chain":"a","event":"constructor"}'],
    "ERR_AUDIT_LINE",
    7,
    "line 7: marked as an audit line, but not written by this log",
  ],
] as const)("%s: the fault names its place", (_, tamper, code, line, message) => {
  const signature = { purpose: "Leaf", authority: "fleet", generation: 1 } as const;
  const lines = linesOf("a", [
    { signature, end: "signed" },
    { signature, end: "signed" },
  ]);
  expect(lines.length).toBe(6);
  expect(read(tamper(lines)).faults[0]).toEqual({ code, chain: "a", line, message });
});

test("a chain that is cut off at its end has no fault, and is not ended", () => {
  const signature = { purpose: "CRL", authority: "fleet", generation: 1 } as const;
  const lines = linesOf("a", [{ signature, end: "signed" }]).slice(0, 2);
  expect(read(lines)).toMatchObject({ faults: [], chains: [{ ended: false }], signatures: [{ outcome: "unknown" }] });
});

test.each([
  ["an unknown event", { event: "toString" }],
  ["an unknown purpose", { event: "signing", signature: { purpose: "toString", authority: "a", generation: 1 } }],
  ["a signature that is none", { event: "signing", signature: null }],
  ["a start in the middle", { event: "start", program: "p", version: "1" }],
  ["an end of nothing", { event: "signed", sha256: "ab" }],
  ["a fractional sequence", { event: "end", sequence: 1.5 }],
  ["a missing time", { event: "end", time: undefined }],
])("%s is a fault", (_, fields) => {
  const [first = ""] = linesOf("a", []);
  const line = JSON.stringify({ ...(JSON.parse(first) as object), sequence: 1, ...fields });
  expect(read([first, line]).faults).toMatchObject([{ code: "ERR_AUDIT_LINE", line: 2 }]);
});
