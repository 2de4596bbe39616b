import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { type SessionResult, Tally } from "../src/tally.ts";

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const target = { profileArn: "", roleArn: "" };
const result = (change: Partial<SessionResult> = {}): SessionResult => ({
  workload: "web-1",
  anchor: { name: "other", region: "", account: "", arn: "", workload: target, publisher: target, canary: target },
  leaf: { serial: "1f", certificatePem: "", privateKey, notBefore: 0, notAfter: 600_000, rootFingerprint: "ab" },
  generation: 1,
  askedAt: 61_000,
  answeredAt: 62_000,
  phases: "1 Draining, 2 Active",
  verdict: "accepted",
  reason: "",
  ...change,
});

test("a-refused-session-is-kept-with-its-reason-and-the-phases", () => {
  const tally = new Tally();
  tally.session(result({ verdict: "refused", reason: "Untrusted signing certificate" }), false);
  expect(tally.refusals).toEqual([
    {
      at: "1970-01-01T00:01:01.000Z",
      workload: "web-1",
      anchor: "other",
      serial: "1f",
      generation: 1,
      notAfter: "1970-01-01T00:10:00.000Z",
      reason: "Untrusted signing certificate",
      phases: "1 Draining, 2 Active",
    },
  ]);
  expect(tally.served.size).toBe(0);
});

test("a-session-for-a-retired-root-is-kept-as-such", () => {
  const tally = new Tally();
  tally.session(result(), true);
  expect(tally.fromRetired).toHaveLength(1);
});

test("a-refusal-for-a-retired-root-is-as-it-should-be", () => {
  const tally = new Tally();
  tally.session(result({ verdict: "refused" }), true);
  expect(tally.fromRetired).toEqual([]);
});

test("however-many-are-refused-they-are-counted", () => {
  const tally = new Tally();
  for (let count = 0; count < 1_500; count += 1) tally.session(result({ verdict: "refused" }), false);
  expect([tally.verdicts.refused, tally.refusals.length]).toEqual([1_500, 1_000]);
});

test("sessions-are-gathered-by-the-minute", () => {
  const tally = new Tally();
  for (const askedAt of [125_000, 61_000, 119_999]) tally.session(result({ askedAt }), false);
  tally.session(result({ askedAt: 61_000, verdict: "refused" }), false);
  tally.session(result({ askedAt: 61_000, verdict: "unanswered" }), false);
  expect(tally.buckets).toEqual([
    { at: 60_000, accepted: 2, refused: 1 },
    { at: 120_000, accepted: 1, refused: 0 },
  ]);
});

test.each([
  [0.5, 50],
  [0.99, 99],
  [1, 100],
])("the-share-%d-of-a-hundred-leaves-took-%d-ms-at-most", (share, ms) => {
  const tally = new Tally();
  tally.renewalsMs.push(...Array.from({ length: 100 }, (_, index) => 100 - index));
  expect(tally.renewalMs(share)).toBe(ms);
});

test("without-a-leaf-none-took-long", () => {
  expect(new Tally().renewalMs(1)).toBe(0);
});
