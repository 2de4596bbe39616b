import { readTbsCertificate } from "../certificate/read-certificate.ts";
import { readDer } from "../der/read.ts";
import { CaError } from "../errors.ts";
import type { Root } from "../root/root.ts";
import { authorityKeyIdentifier } from "./authority-key-identifier.ts";
import { basicConstraints } from "./basic-constraints.ts";
import { extendedKeyUsage } from "./extended-key-usage.ts";
import { extensionSet } from "./extension-set.ts";
import { issuer } from "./issuer.ts";
import { keyUsage } from "./key-usage.ts";
import { lifetime } from "./lifetime.ts";
import { publicKey } from "./public-key.ts";
import type { LintRule } from "./rule.ts";
import { serial } from "./serial.ts";
import { signatureAlgorithm } from "./signature-algorithm.ts";
import { size } from "./size.ts";
import { subject } from "./subject.ts";
import { subjectAltName } from "./subject-alt-name.ts";
import { subjectKeyIdentifier } from "./subject-key-identifier.ts";
import { validity } from "./validity.ts";

/** The rules for a leaf of profile RolesAnywhere. */
export const LEAF_LINT_RULES: readonly LintRule[] = [
  serial,
  signatureAlgorithm,
  issuer,
  validity,
  lifetime,
  subject,
  publicKey,
  extensionSet,
  basicConstraints,
  keyUsage,
  extendedKeyUsage,
  subjectAltName,
  subjectKeyIdentifier,
  authorityKeyIdentifier,
  size,
];

export interface LintFinding {
  /** The rule's name; "der" when the strict reader refuses the bytes. */
  readonly rule: string;
  readonly fault: string;
}

/** Reads a TBSCertificate strictly and holds it to every rule. An empty list means that it may be signed. */
export function lintLeaf(options: {
  readonly tbs: Uint8Array;
  readonly root: Root;
  readonly maxLifetimeMs: number;
}): LintFinding[] {
  const { tbs, root, maxLifetimeMs } = options;
  return faultsOr(() => {
    const certificate = readTbsCertificate(readDer(tbs));
    return LEAF_LINT_RULES.flatMap(({ name, faultOf }) =>
      faultsOr(() => {
        const fault = faultOf({ certificate, root, maxLifetimeMs });
        return fault === undefined ? [] : [{ rule: name, fault }];
      }),
    );
  });
}

/** What the reader refuses is a finding like any other. */
function faultsOr(find: () => LintFinding[]): LintFinding[] {
  try {
    return find();
  } catch (error) {
    if (error instanceof CaError) return [{ rule: "der", fault: error.message }];
    throw error;
  }
}
