import type { SpecimenFiles } from "./certificate-files.ts";
import type { CertificatePlan } from "./certificate-plan.ts";
import type { CrlSpecimen } from "./make-crl.ts";
import { runCommand, type Outcome } from "./run-command.ts";
import type { Specimen } from "./specimens.ts";

/** What `openssl verify` says of each leaf: "OK", or the texts of its errors. */
export type Verdicts = ReadonlyMap<string, string>;

/** What it must say of a leaf of this plan. */
export function plannedVerdict(plan: CertificatePlan, isRevoked: boolean): string {
  // cert-manager's conformance suite asks for a CA without a subject, and gets it; RFC 5280, 4.1.2.6, has no such CA.
  const isNamelessCa = plan.isCa && plan.subject.length === 0;
  const errors = [
    ...(isNamelessCa ? ["0 depth lookup: Subject name empty"] : []),
    ...(isRevoked ? ["0 depth lookup: certificate revoked"] : []),
  ];
  return errors.length === 0 ? "OK" : errors.join("; ");
}

/**
 * `openssl verify -x509_strict -crl_check` at the specimens' time, all of their leaves in one process, against a bundle of
 * all their roots and a bundle of one CRL each.
 */
export async function verifyLeaves(
  specimens: readonly Specimen[],
  files: SpecimenFiles,
  crlOf: (specimen: Specimen) => CrlSpecimen,
): Promise<Verdicts> {
  const [first] = specimens;
  const leaves = specimens.flatMap((specimen) => specimen.leaves.map((leaf) => files.fileOf(leaf)));
  if (first === undefined || leaves.length === 0) return new Map();
  const roots = await files.bundle(specimens.map(({ root }) => root.root.pem));
  const crls = await files.bundle(specimens.map((specimen) => crlOf(specimen).pem));
  const seconds = String(first.era.now.getTime() / 1000);
  const options = ["-x509_strict", "-crl_check", "-attime", seconds, "-CAfile", roots, "-CRLfile", crls];
  const outcome = await runCommand("openssl", ["verify", ...options, ...leaves.map(({ pem }) => pem)]);
  return readVerdicts(outcome, new Map(leaves.map(({ pem, label }) => [pem, label])));
}

/** `FILE: OK` on one stream; on the other errors by number and text, and after those of a file `error FILE: …`. */
function readVerdicts({ stdout, stderr }: Outcome, labels: ReadonlyMap<string, string>): Verdicts {
  const verdicts = new Map<string, string>();
  for (const [, file = ""] of stdout.matchAll(/^(.+): OK$/gm)) verdicts.set(labels.get(file) ?? file, "OK");
  let errors: string[] = [];
  for (const line of stderr.split("\n")) {
    const error = /^error \d+ at (\d+ depth lookup: .*)$/.exec(line)?.[1];
    const file = /^error (.+): verification failed$/.exec(line)?.[1];
    if (error !== undefined) errors.push(error);
    if (file === undefined) continue;
    verdicts.set(labels.get(file) ?? file, errors.join("; "));
    errors = [];
  }
  return verdicts;
}

/** The text of each certificate of a PEM bundle, in one process. */
export async function printCertificates(bundle: string): Promise<string[]> {
  const { stdout, stderr, exitCode } = await runCommand("openssl", ["storeutl", "-certs", "-noout", "-text", bundle]);
  if (exitCode !== 0) throw new Error(`openssl storeutl: ${stderr}`);
  return stdout.split(/^(?=\d+: Certificate$)/m);
}

/** The text of a CRL, and whether its signature verifies with the root of its issuer's name. */
export async function printCrl(file: string, roots: string): Promise<{ isVerified: boolean; text: string }> {
  const options = ["-noout", "-text", "-nameopt", "compat", "-verify", "-CAfile", roots];
  const { stdout, stderr, exitCode } = await runCommand("openssl", ["crl", "-in", file, ...options]);
  return { isVerified: exitCode === 0 && stderr === "verify OK\n", text: stdout };
}

/** Offsets at which `openssl asn1parse` sees values begin in a file of DER values one after the other. */
export async function valueOffsets(file: string): Promise<number[]> {
  const { stdout, stderr, exitCode } = await runCommand("openssl", ["asn1parse", "-inform", "DER", "-in", file]);
  if (exitCode !== 0) throw new Error(`openssl asn1parse: ${stderr}`);
  return [...stdout.matchAll(/^ *(\d+):d=0 +hl=\d+ l= *\d+ cons: SEQUENCE/gm)].map(([, offset]) => Number(offset));
}
