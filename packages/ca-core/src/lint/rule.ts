import type { CertificateExtension, TbsCertificate } from "../certificate/read-certificate.ts";
import type { Root } from "../root/root.ts";

/** A leaf's TBSCertificate as the strict reader found it, with what it is held against. */
export interface LintedLeaf {
  readonly certificate: TbsCertificate;
  readonly root: Root;
  readonly maxLifetimeMs: number;
}

/** One rule. Everything blocks: there are no warnings. */
export interface LintRule {
  /** Stable; shown in errors. */
  readonly name: string;
  /** RFC and section, or the page of AWS's user guide. */
  readonly source: string;
  /** What is wrong, or undefined. */
  readonly faultOf: (leaf: LintedLeaf) => string | undefined;
}

export function extensionOf({ certificate }: LintedLeaf, oid: string): CertificateExtension | undefined {
  return certificate.extensions.find((extension) => extension.oid === oid);
}
