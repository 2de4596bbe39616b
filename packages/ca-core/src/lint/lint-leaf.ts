import type { TbsCertificate } from "../certificate/read-certificate.ts";
import { readDer, type DerNode } from "../der/read.ts";
import { CaError } from "../errors.ts";
import { members } from "./certificate/members.ts";
import { outerAlgorithm } from "./certificate/outer-algorithm.ts";
import { signatureValue } from "./certificate/signature-value.ts";
import { certificateSize } from "./certificate/size.ts";
import { authorityKeyIdentifier } from "./leaf/authority-key-identifier.ts";
import { authorityKeyIdentifierCritical } from "./leaf/authority-key-identifier-critical.ts";
import { basicConstraints } from "./leaf/basic-constraints.ts";
import { basicConstraintsCritical } from "./leaf/basic-constraints-critical.ts";
import { caKeyCertSign } from "./leaf/ca-key-cert-sign.ts";
import { extendedKeyUsageAny } from "./leaf/extended-key-usage-any.ts";
import { extendedKeyUsageCritical } from "./leaf/extended-key-usage-critical.ts";
import { extendedKeyUsageEmpty } from "./leaf/extended-key-usage-empty.ts";
import { extendedKeyUsageRepeated } from "./leaf/extended-key-usage-repeated.ts";
import { extensionSet } from "./leaf/extension-set.ts";
import { issuer } from "./leaf/issuer.ts";
import { keyUsageCertSignWithoutCa } from "./leaf/key-usage-cert-sign-without-ca.ts";
import { keyUsageCritical } from "./leaf/key-usage-critical.ts";
import { keyUsageDigitalSignature } from "./leaf/key-usage-digital-signature.ts";
import { keyUsageEmpty } from "./leaf/key-usage-empty.ts";
import { keyUsageFitsKey } from "./leaf/key-usage-fits-key.ts";
import { keyUsageFitsPurposes } from "./leaf/key-usage-fits-purposes.ts";
import { keyUsageMeaning } from "./leaf/key-usage-meaning.ts";
import { lifetime } from "./leaf/lifetime.ts";
import { pathLength } from "./leaf/path-length.ts";
import { pathLengthImproper } from "./leaf/path-length-improper.ts";
import { publicKeyNotRoot } from "./leaf/public-key-not-root.ts";
import { publicKeyType } from "./leaf/public-key-type.ts";
import { reservedNames } from "./leaf/reserved-names.ts";
import { serial } from "./leaf/serial.ts";
import { signatureAlgorithm } from "./leaf/signature-algorithm.ts";
import { size } from "./leaf/size.ts";
import { subjectAltNameCritical } from "./leaf/subject-alt-name-critical.ts";
import { subjectAltNameEmpty } from "./leaf/subject-alt-name-empty.ts";
import { subjectAltNameEncoding } from "./leaf/subject-alt-name-encoding.ts";
import { subjectAltNameKinds } from "./leaf/subject-alt-name-kinds.ts";
import { subjectAltNameRepeated } from "./leaf/subject-alt-name-repeated.ts";
import { subjectAltNameValues } from "./leaf/subject-alt-name-values.ts";
import { subjectCharacters } from "./leaf/subject-characters.ts";
import { subjectCountry } from "./leaf/subject-country.ts";
import { subjectEmptyWithoutSan } from "./leaf/subject-empty-without-san.ts";
import { subjectKeyIdentifier } from "./leaf/subject-key-identifier.ts";
import { subjectKeyIdentifierCritical } from "./leaf/subject-key-identifier-critical.ts";
import { subjectLengths } from "./leaf/subject-lengths.ts";
import { subjectNotRoot } from "./leaf/subject-not-root.ts";
import { subjectPresent } from "./leaf/subject-present.ts";
import { subjectRdns } from "./leaf/subject-rdns.ts";
import { subjectRepeatedTypes } from "./leaf/subject-repeated-types.ts";
import { subjectStrings } from "./leaf/subject-strings.ts";
import { subjectTypes } from "./leaf/subject-types.ts";
import { validityPositive } from "./leaf/validity-positive.ts";
import { validityWithinRoot } from "./leaf/validity-within-root.ts";
import { readLeaf } from "./read-leaf.ts";
import type { LeafDecision, LintedCertificate, LintedLeaf, LintRule } from "./rule.ts";

/** For what is about to be signed. */
export const LEAF_LINT_RULES: readonly LintRule[] = [
  serial,
  signatureAlgorithm,
  issuer,
  validityPositive,
  validityWithinRoot,
  lifetime,
  subjectPresent,
  subjectEmptyWithoutSan,
  subjectStrings,
  subjectRdns,
  subjectRepeatedTypes,
  subjectTypes,
  subjectCharacters,
  subjectLengths,
  subjectCountry,
  subjectNotRoot,
  reservedNames,
  publicKeyNotRoot,
  publicKeyType,
  extensionSet,
  basicConstraintsCritical,
  basicConstraints,
  pathLengthImproper,
  pathLength,
  keyUsageCritical,
  keyUsageEmpty,
  keyUsageMeaning,
  keyUsageDigitalSignature,
  keyUsageCertSignWithoutCa,
  caKeyCertSign,
  keyUsageFitsKey,
  keyUsageFitsPurposes,
  extendedKeyUsageCritical,
  extendedKeyUsageEmpty,
  extendedKeyUsageRepeated,
  extendedKeyUsageAny,
  subjectAltNameCritical,
  subjectAltNameEmpty,
  subjectAltNameEncoding,
  subjectAltNameKinds,
  subjectAltNameValues,
  subjectAltNameRepeated,
  subjectKeyIdentifierCritical,
  subjectKeyIdentifier,
  authorityKeyIdentifierCritical,
  authorityKeyIdentifier,
  size,
];

/** For the certificate that came out, whose signed part has passed the rules above. */
export const CERTIFICATE_LINT_RULES: readonly LintRule<LintedCertificate>[] = [
  members,
  outerAlgorithm,
  signatureValue,
  certificateSize,
];

export interface LintFinding {
  /** The rule's name; the error's code when the strict reader refuses the bytes. */
  readonly rule: string;
  readonly fault: string;
}

/** What the lint read, for whoever compares it with something else, and what it found. */
export type LeafLint =
  | { readonly findings: readonly []; readonly certificate: TbsCertificate }
  | { readonly findings: readonly [LintFinding, ...LintFinding[]] };

/** Reads a TBSCertificate strictly and holds it to every rule of its profile. Without findings it may be signed. */
export function lintLeaf(decision: LeafDecision & { readonly tbs: Uint8Array }): LeafLint {
  let leaf: LintedLeaf;
  try {
    leaf = { ...decision, ...readLeaf(readDer(decision.tbs)) };
  } catch (error) {
    return { findings: [findingOf(error)] };
  }
  const [first, ...more] = findingsOf(LEAF_LINT_RULES, leaf);
  return first === undefined ? { findings: [], certificate: leaf.certificate } : { findings: [first, ...more] };
}

/**
 * Holds a signed certificate to the rules for the whole. The caller has compared its signed part with the linted bytes:
 * those rules need not run again.
 */
export function lintCertificate(decision: LeafDecision & { readonly whole: DerNode }): LintFinding[] {
  const [tbs, algorithm, signature] = decision.whole.children;
  return findingsOf(CERTIFICATE_LINT_RULES, { ...decision, tbs, algorithm, signature });
}

function findingsOf<T extends LeafDecision>(rules: readonly LintRule<T>[], subject: T): LintFinding[] {
  const { name: profile } = subject.profile;
  const findings: LintFinding[] = [];
  for (const { name, profiles, faultOf } of rules) {
    try {
      const fault = profiles.includes(profile) ? faultOf(subject) : undefined;
      if (fault !== undefined) findings.push({ rule: name, fault });
    } catch (error) {
      findings.push(findingOf(error));
    }
  }
  return findings;
}

/** What the reader refuses is a finding like any other. */
function findingOf(error: unknown): LintFinding {
  if (error instanceof CaError) return { rule: error.code, fault: error.message };
  throw error;
}
