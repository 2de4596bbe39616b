import { KEY_ALGORITHM_NAMES, type KeyAlgorithm, type LeafKeyAlgorithm, type Usage } from "@capstan/ca-core";
import { NAME_MAKERS, planNames, type PlannedName } from "./general-names.ts";
import type { Random } from "./random.ts";
import { taggableSubject, type PlannedSubject } from "./subject.ts";
import { USAGE_ROWS } from "./usages.ts";

const DAY = 86_400_000;

/** A profile, as far as honest requests of it differ from those of another. */
export interface ProfileRow {
  readonly profile: "RolesAnywhere";
  readonly leafKeys: readonly LeafKeyAlgorithm[];
  readonly planSubject: (random: Random) => PlannedSubject;
  /** At most this many octets together. */
  readonly planNames: (random: Random, budget: number) => PlannedName[];
  /** Usages that a CertificateAuthority can allow. */
  readonly usages: readonly Usage[];
  readonly maxDurationMs: number;
  /** The hash that a CA of this key signs with. */
  readonly hashOf: (algorithm: KeyAlgorithm) => "sha256" | "sha384";
}

const NEVER: readonly Usage[] = ["cert sign", "crl sign", "any", "ocsp signing"];

export const PROFILE_ROWS: readonly ProfileRow[] = [
  {
    profile: "RolesAnywhere",
    leafKeys: KEY_ALGORITHM_NAMES,
    planSubject: taggableSubject,
    planNames: (random, budget) => planNames(random, budget, Object.values(NAME_MAKERS)),
    usages: USAGE_ROWS.map(({ name }) => name).filter((name) => !NEVER.includes(name)),
    maxDurationMs: 7 * DAY,
    hashOf: () => "sha256",
  },
];
