import { generateKeyPairSync } from "node:crypto";
import { issueLeaf, prepareLeaf, type Leaf, type LeafPlan } from "../../src/index.ts";
import { DAY, HOUR, NOW, type Authority } from "./authority.ts";
import { spkiOf } from "./request.ts";

const LEAF_SPKI = spkiOf(generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey);

/** A plan that passes: CN=web.demo, a day, client auth. */
export function leafPlan({ root }: Pick<Authority, "root">, changes: Partial<LeafPlan> = {}): LeafPlan {
  return {
    root,
    subject: [{ type: "CN", value: "web.demo" }],
    subjectAlternativeNames: [{ kind: "DNS", value: "web.demo.svc" }],
    publicKeySpki: LEAF_SPKI,
    usages: ["digital signature", "client auth"],
    notBefore: new Date(NOW.getTime() - 5 * 60_000),
    notAfter: new Date(NOW.getTime() + DAY - HOUR),
    maxLifetimeMs: 7 * DAY,
    ...changes,
  };
}

export async function newLeaf(from: Authority, changes: Partial<LeafPlan> = {}): Promise<Leaf> {
  return issueLeaf({ ticket: prepareLeaf(leafPlan(from, changes)).ticket, signer: from.signer });
}
