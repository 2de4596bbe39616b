import { readCertificateParts } from "../../certificate/read-certificate.ts";
import { serialContent } from "../../certificate/serial.ts";
import { readCertificateList, readTbsCertList, type EntryVisitor } from "../../crl/read-certificate-list.ts";
import { serialOfEntry } from "../../crl/read-entry.ts";
import { readDer } from "../../der/read.ts";
import { CaError } from "../../errors.ts";
import type { Root } from "../../root/root.ts";
import type { ViolationCode } from "../../violation.ts";
import { authorityKeyIdentifier } from "./authority-key-identifier.ts";
import { authorityKey } from "./authority-key.ts";
import { crlNumber } from "./crl-number.ts";
import { emptyEntryExtensions } from "./empty-entry-extensions.ts";
import { emptyList } from "./empty-list.ts";
import { entriesSorted } from "./entries-sorted.ts";
import { entryExtensionSet } from "./entry-extension-set.ts";
import { extensionSet } from "./extension-set.ts";
import { extensionsNotCritical } from "./extensions-not-critical.ts";
import { issuer } from "./issuer.ts";
import { nextUpdate } from "./next-update.ts";
import { reasonCode } from "./reason-code.ts";
import { revocationTime } from "./revocation-time.ts";
import { rootSerial } from "./root-serial.ts";
import type { CrlRule, FoundCrl, LintedCrl } from "./rule.ts";
import { serialsUnique } from "./serials-unique.ts";
import { signatureAlgorithm } from "./signature-algorithm.ts";
import { signatureAlgorithms } from "./signature-algorithms.ts";
import { version } from "./version.ts";

/** What a CRL of our form is: what breaks one of these, `readCrl` refuses. */
export const CRL_FORM_RULES: readonly CrlRule<FoundCrl>[] = [
  version,
  signatureAlgorithms,
  authorityKeyIdentifier,
  crlNumber,
  extensionSet,
  extensionsNotCritical,
  emptyList,
  entriesSorted,
  serialsUnique,
  emptyEntryExtensions,
  entryExtensionSet,
  reasonCode,
];

export const CRL_LINT_RULES: readonly CrlRule[] = [
  ...CRL_FORM_RULES,
  issuer,
  authorityKey,
  signatureAlgorithm,
  nextUpdate,
  revocationTime,
  rootSerial,
];

export interface CrlFinding {
  /** The rule's name; "der" when the strict reader refuses the bytes. */
  readonly rule: string;
  readonly code: ViolationCode;
  /** For a rule of entries, of the first one that breaks it. */
  readonly fault: string;
}

/** Holds what is to be signed to every rule. An empty list means that it may be signed. */
export function lintTbsCertList({ tbs, root }: { readonly tbs: Uint8Array; readonly root: Root }): CrlFinding[] {
  return lint(root, (visit) => readTbsCertList(tbs, visit));
}

/** Holds a signed CRL to every rule. That its signature verifies is no rule of the lint. */
export function lintCrl({ der, root }: { readonly der: Uint8Array; readonly root: Root }): CrlFinding[] {
  return lint(root, (visit) => readCertificateList(der, visit));
}

function lint(root: Root, read: (visit: EntryVisitor) => FoundCrl): CrlFinding[] {
  const { serial } = readCertificateParts(readDer(root.der));
  const against = { root, rootSerial: serialContent(serial) };
  try {
    return holdTo<LintedCrl, FoundCrl>({ rules: CRL_LINT_RULES, read, linted: (crl) => ({ ...crl, ...against }) })
      .findings;
  } catch (error) {
    if (error instanceof CaError) return [{ rule: "der", code: "ERR_CRL_PROFILE", fault: error.message }];
    throw error;
  }
}

/**
 * Reads and holds to rules in one pass over the entries: at most one finding per rule, in the order of the rules.
 * @throws DerError, CaError ERR_SERIAL
 */
export function holdTo<Linted extends FoundCrl, Found extends FoundCrl>(options: {
  readonly rules: readonly CrlRule<Linted>[];
  readonly read: (visit: EntryVisitor) => Found;
  readonly linted: (crl: FoundCrl) => Linted;
}): { readonly crl: Found; readonly findings: CrlFinding[] } {
  const { rules, read, linted } = options;
  const faults = new Map<CrlRule<Linted>, string>();
  let unbroken = rules.filter(({ faultOfEntry }) => faultOfEntry !== undefined);
  let known: Linted | undefined;
  const crl = read((entry, previous, list) => {
    known ??= linted(list);
    for (const rule of unbroken) {
      const fault = rule.faultOfEntry?.(entry, previous, known);
      if (fault === undefined) continue;
      faults.set(rule, `entry ${entry.index}, serial ${serialOfEntry(entry)}: ${fault}`);
      unbroken = unbroken.filter((one) => one !== rule);
    }
  });
  const whole = linted(crl);
  for (const rule of rules) {
    const fault = rule.faultOf?.(whole);
    if (fault !== undefined) faults.set(rule, fault);
  }
  const findings = rules.flatMap((rule) => {
    const fault = faults.get(rule);
    return fault === undefined ? [] : [{ rule: rule.name, code: rule.code, fault: `${fault} (${rule.source})` }];
  });
  return { crl, findings };
}
