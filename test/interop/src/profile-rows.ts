import {
  KEY_ALGORITHM_NAMES,
  LEAF_KEY_ALGORITHM_NAMES,
  type KeyAlgorithm,
  type LeafKeyAlgorithm,
  type ProfileName,
  type Usage,
} from "@capstan/ca-core";
import { GENERAL_NAME_MAKERS, NAME_MAKERS, type NameMaker } from "./general-names.ts";
import { generalSubject } from "./general-subject.ts";
import type { Random } from "./random.ts";
import { shortest, taggableSubject, type PlannedAttribute, type PlannedSubject } from "./subject.ts";
import { USAGE_ROWS } from "./usages.ts";

const DAY = 86_400_000;

/** A profile, as far as honest requests of it, and what becomes of them, differ from those of another. */
export interface ProfileRow {
  readonly profile: ProfileName;
  readonly leafKeys: readonly LeafKeyAlgorithm[];
  readonly planSubject: (random: Random) => PlannedSubject;
  /** What stands in the leaf for an attribute of the request. */
  readonly rewrite: (attribute: PlannedAttribute) => PlannedAttribute;
  readonly nameMakers: readonly NameMaker[];
  /** Usages that a CertificateAuthority can allow leaves that are no CAs. */
  readonly usages: readonly Usage[];
  readonly needsDigitalSignature: boolean;
  readonly maxDurationMs: number;
  readonly maxCertificateBytes: number;
  /** What a root may have; undefined is none. */
  readonly rootPathLengths: readonly (number | undefined)[];
  /** The hash that a CA of this key signs certificates with. */
  readonly hashOf: (algorithm: KeyAlgorithm) => "sha256" | "sha384";
}

const OF_CAS: readonly Usage[] = ["cert sign", "crl sign"];
const OF_NO_CA: readonly Usage[] = USAGE_ROWS.map(({ name }) => name).filter((name) => !OF_CAS.includes(name));

export const PROFILE_ROWS: readonly ProfileRow[] = [
  {
    profile: "RolesAnywhere",
    leafKeys: KEY_ALGORITHM_NAMES,
    planSubject: taggableSubject,
    rewrite: shortest,
    nameMakers: Object.values(NAME_MAKERS),
    usages: OF_NO_CA.filter((name) => name !== "any" && name !== "ocsp signing"),
    needsDigitalSignature: true,
    maxDurationMs: 7 * DAY,
    maxCertificateBytes: 4_096,
    rootPathLengths: [0],
    hashOf: () => "sha256",
  },
  {
    profile: "General",
    leafKeys: LEAF_KEY_ALGORITHM_NAMES,
    planSubject: generalSubject,
    rewrite: (attribute) => attribute,
    nameMakers: GENERAL_NAME_MAKERS,
    usages: OF_NO_CA,
    needsDigitalSignature: false,
    maxDurationMs: 15 * 365 * DAY,
    maxCertificateBytes: 8_192,
    rootPathLengths: [undefined, 0, 1, 2, 127, 128, 255],
    hashOf: (algorithm) => (algorithm === "ECDSA-P384" ? "sha384" : "sha256"),
  },
];
