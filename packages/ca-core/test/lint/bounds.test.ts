import { describe, expect, test } from "vitest";
import { readDer } from "../../src/der/read.ts";
import { prepareLeaf, PROFILES, type KeyAlgorithm } from "../../src/index.ts";
import { lintCertificate, lintLeaf, type LintFinding } from "../../src/lint/lint-leaf.ts";
import type { LeafDecision } from "../../src/lint/rule.ts";
import { authority, DAY, type Authority } from "../support/authority.ts";
import { leafPlan, newLeaf } from "../support/leaf.ts";

const decision = (
  { root }: Authority,
  maxCertificateBytes: number = PROFILES.RolesAnywhere.maxCertificateBytes,
  maxLifetimeMs: number = DAY,
): LeafDecision => ({
  root,
  profile: { ...PROFILES.RolesAnywhere, maxCertificateBytes },
  maxLifetimeMs,
  isCa: false,
  isOwnLeaf: false,
});
const faults = (findings: readonly LintFinding[]): string[] => findings.map(({ fault }) => fault);

describe.each<[algorithm: KeyAlgorithm, signatureAndFrame: number]>([
  ["ECDSA-P256", 2 * 32 + 9 + 32],
  ["ECDSA-P384", 2 * 48 + 9 + 32],
  ["RSA-2048", 256 + 32],
])("below a root with a key of type %s the lint", (algorithm, signatureAndFrame) => {
  test("foresees the greatest size of the certificate", async () => {
    const ca = await authority(algorithm);
    const { tbs } = prepareLeaf(leafPlan(ca));
    const bound = tbs.length + signatureAndFrame;
    expect(lintLeaf({ ...decision(ca, bound), tbs }).findings).toEqual([]);
    expect(faults(lintLeaf({ ...decision(ca, bound - 1), tbs }).findings)).toEqual([
      `the certificate would have ${bound} bytes, at most ${bound - 1} are allowed: ask for fewer names`,
    ]);
    expect((await newLeaf(ca)).der.length).toBeLessThanOrEqual(bound);
  });

  test("takes a certificate of just the greatest size", async () => {
    const ca = await authority(algorithm);
    const { der } = await newLeaf(ca);
    const whole = readDer(der);
    expect(lintCertificate({ ...decision(ca, der.length), whole })).toEqual([]);
    expect(faults(lintCertificate({ ...decision(ca, der.length - 1), whole }))).toEqual([
      `the certificate has ${der.length} bytes, at most ${der.length - 1} are allowed`,
    ]);
  });
});

test("a lifetime that is too long is given in seconds", async () => {
  const ca = await authority();
  const { tbs } = prepareLeaf(leafPlan(ca));
  const { findings } = lintLeaf({ ...decision(ca, undefined, 60_000), tbs });
  expect(faults(findings)).toEqual(["it lives 83100 s, at most 60 s are allowed"]);
});
