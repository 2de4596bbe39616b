import type { EntryView } from "../../crl/read-entry.ts";
import type { CertificateList, TbsCertList } from "../../crl/read-certificate-list.ts";
import type { Root } from "../../root/root.ts";
import type { ViolationCode } from "../../violation.ts";

/** A CRL as the strict reader found it; before it is signed it has no outer algorithm. */
export interface FoundCrl extends TbsCertList {
  readonly outerAlgorithm?: CertificateList["outerAlgorithm"];
}

/** The same, with what it is held against. */
export interface LintedCrl extends FoundCrl {
  readonly root: Root;
  /** Content octets of the INTEGER. */
  readonly rootSerial: Uint8Array;
}

/**
 * One rule, for the CRL as a whole or for each of its entries. Everything blocks: there are no warnings. Rules of form
 * need no root and say ERR_CRL_PROFILE: what breaks one is no CRL for the strict reader.
 */
export interface CrlRule<Crl extends FoundCrl = LintedCrl> {
  /** Stable; shown in errors. As zlint names it where it has the rule, without its prefix. */
  readonly name: string;
  /** RFC and section. */
  readonly source: string;
  readonly code: ViolationCode;
  /** What is wrong, or undefined. */
  readonly faultOf?: (crl: Crl) => string | undefined;
  readonly faultOfEntry?: (entry: EntryView, previous: EntryView | undefined, crl: Crl) => string | undefined;
}
