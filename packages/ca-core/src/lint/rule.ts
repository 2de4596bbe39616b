import type { BasicConstraints, ReadLeaf } from "./read-leaf.ts";
import type { CertificateExtension } from "../certificate/read-certificate.ts";
import type { DerNode } from "../der/read.ts";
import type { Profile, ProfileName } from "../profile/profiles.ts";
import type { Root } from "../root/root.ts";

/** What was decided about a leaf, for its certificate to be held against. */
export interface LeafDecision {
  readonly profile: Profile;
  readonly root: Root;
  readonly maxLifetimeMs: number;
  readonly isCa: boolean;
  /** Whether it is one of Capstan's own, which alone may have a reserved name. */
  readonly isOwnLeaf: boolean;
}

/** A leaf's TBSCertificate as the strict reader found it, with what was decided. */
export interface LintedLeaf extends LeafDecision, ReadLeaf {}

/** A signed certificate: the members of its outermost SEQUENCE. */
export interface LintedCertificate extends LeafDecision {
  readonly whole: DerNode;
  readonly tbs: DerNode | undefined;
  readonly algorithm: DerNode | undefined;
  readonly signature: DerNode | undefined;
}

/** One rule. Everything blocks: there are no warnings. */
export interface LintRule<T = LintedLeaf> {
  /** Stable; shown in errors. As zlint (github.com/zmap/zlint) names it, where it has the rule. */
  readonly name: string;
  /** RFC and section, or the page of AWS's user guide. */
  readonly source: string;
  readonly profiles: readonly ProfileName[];
  /** What is wrong, or undefined. */
  readonly faultOf: (subject: T) => string | undefined;
}

export const EVERY_PROFILE: readonly ProfileName[] = ["RolesAnywhere", "General"];

export function extensionOf({ certificate }: LintedLeaf, oid: string): CertificateExtension | undefined {
  return certificate.extensions.find((extension) => extension.oid === oid);
}

/** No CA, without a bound, when the extension is missing: that it must be there is a rule of its own. */
export function constraintsOf({ basicConstraints }: LintedLeaf): BasicConstraints {
  return basicConstraints ?? { ca: false, pathLength: undefined };
}
