import { extensionsOf, keyIdentifierOf, type CertificatePlan, type SignatureKind } from "./certificate-plan.ts";
import { NAME_TAGS, type PlannedName } from "./general-names.ts";
import { base64 } from "./go-opinion.ts";
import type { CrlSpecimen } from "./make-crl.ts";
import type { RootSpecimen } from "./make-root.ts";

const SIGNATURES = {
  RSA: { sha256: "SHA256-RSA", sha384: "SHA384-RSA" },
  EC: { sha256: "ECDSA-SHA256", sha384: "ECDSA-SHA384" },
} as const;

export function certificateQuestion(der: Uint8Array, issuer: RootSpecimen, at: Date): object {
  return { do: "certificate", der: base64(der), issuer: base64(issuer.root.der), at: at.getTime() / 1000 };
}

export function crlQuestion(crl: CrlSpecimen, issuer: RootSpecimen): object {
  return { do: "crl", der: base64(crl.der), issuer: base64(issuer.root.der) };
}

/** What Go must read in a certificate of this plan. */
export function certificateAnswer(plan: CertificatePlan, issuer: CertificatePlan): object {
  const keyHash = hex(keyIdentifierOf(plan.spki));
  return {
    version: 3,
    serial: plan.serial,
    signatureAlgorithm: goNameOf(plan.signature),
    issuerIsParents: true,
    subject: plan.subject,
    subjectIsCanonical: true,
    notBefore: goTime(plan.notBefore),
    notAfter: goTime(plan.notAfter),
    spki: hex(plan.spki),
    extensions: extensionsOf(plan),
    names: plan.names.map(({ tag, content }) => ({ tag, value: hex(content) })),
    namesRead: {
      dns: textsOf(plan.names, NAME_TAGS.dns),
      email: textsOf(plan.names, NAME_TAGS.email),
      ip: plan.names.filter(({ tag }) => tag === NAME_TAGS.ip).map(({ content }) => ipText(content)),
      uri: textsOf(plan.names, NAME_TAGS.uri),
    },
    keyUsageBits: plan.keyUsageBits,
    extKeyUsages: plan.purposes,
    hasBasicConstraints: true,
    isCA: plan.isCa,
    maxPathLen: plan.pathLength ?? -1,
    ski: keyHash,
    aki: plan.hasAuthorityKey ? hex(keyIdentifierOf(issuer.spki)) : "",
    keyHash,
    signatureFault: "",
    pathFault: plan.areNamesCritical && !hasNameThatGoKnows(plan.names) ? "x509: unhandled critical extension" : "",
  };
}

/** What Go must read in a CRL that was made so. */
export function crlAnswer(crl: CrlSpecimen, issuer: CertificatePlan): object {
  return {
    number: String(crl.number),
    signatureAlgorithm: goNameOf(crl.signature),
    issuerIsParents: true,
    thisUpdate: goTime(crl.thisUpdate),
    nextUpdate: goTime(crl.nextUpdate),
    aki: hex(keyIdentifierOf(issuer.spki)),
    extensions: [
      { id: "2.5.29.35", critical: false },
      { id: "2.5.29.20", critical: false },
    ],
    entries: crl.entries.map(({ serial, revokedAt, reason }) => ({
      serial,
      revokedAt: goTime(revokedAt),
      reason,
      extensions: reason === 0 ? [] : [{ id: "2.5.29.21", critical: false }],
    })),
    signatureFault: "",
  };
}

/** Go leaves otherNames aside, and verifies no path to a certificate whose critical names are all of that kind. */
function hasNameThatGoKnows(names: readonly PlannedName[]): boolean {
  return names.some(({ tag }) => tag !== NAME_TAGS.otherName);
}

function goNameOf({ key, hash }: SignatureKind): string {
  return SIGNATURES[key][hash];
}

/** RFC 3339 without a fraction. */
function goTime(date: Date): string {
  return date.toISOString().replace(".000Z", "Z");
}

/** The texts of all names of one kind. */
export function textsOf(names: readonly PlannedName[], kind: number): string[] {
  return names.filter(({ tag }) => tag === kind).map(({ content }) => Buffer.from(content).toString("latin1"));
}

/** Shortened as RFC 5952 says, by the parser of URLs. */
export function ipText(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join(".");
  const groups = hex(octets).replaceAll(/....(?=.)/g, "$&:");
  return new URL(`http://[${groups}]/`).hostname.slice(1, -1);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
