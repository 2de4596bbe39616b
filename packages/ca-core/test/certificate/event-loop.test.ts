import { expect, test } from "vitest";
import { issueLeaf, prepareLeaf, type LeafPlan, type ProfileName } from "../../src/index.ts";
import { authority, NOW } from "../support/authority.ts";
import { blockedMs, longestBlockMs } from "../support/event-loop.ts";
import { leafPlan } from "../support/leaf.ts";

// As many names as still fit into the certificate.
test.each<[ProfileName, names: number]>([
  ["RolesAnywhere", 130],
  ["General", 340],
])("a leaf of profile %s with %d names blocks the event loop for less than 50 ms", async (profile, count) => {
  const from = await authority("RSA-4096", 1, NOW, { profile });
  const subjectAlternativeNames: LeafPlan["subjectAlternativeNames"] = Array.from({ length: count }, (_, i) => ({
    kind: "DNS",
    value: `${"n".repeat(16)}${i}`,
  }));
  const plan = leafPlan(from, { profile, subjectAlternativeNames });
  expect(blockedMs(() => prepareLeaf(plan))).toBeLessThan(50);
  expect(await longestBlockMs(() => issueLeaf({ ticket: prepareLeaf(plan).ticket, signer: from.signer }))).toBeLessThan(
    50,
  );
});
