import { keyIdentifierOf, type CertificatePlan } from "./certificate-plan.ts";
import { isOtherName, NAME_TAGS, type PlannedName, type PlannedOtherName } from "./general-names.ts";
import { REASONS, type CrlSpecimen } from "./make-crl.ts";
import { opensslTextOf } from "./subject.ts";
import { opensslNameOf } from "./usages.ts";

const SIGNATURES = {
  RSA: { sha256: "sha256WithRSAEncryption", sha384: "sha384WithRSAEncryption" },
  EC: { sha256: "ecdsa-with-SHA256", sha384: "ecdsa-with-SHA384" },
} as const;

/** The lines that openssl prints for a certificate of this plan, without the octets of key and signature. */
export function certificateLines(plan: CertificatePlan, issuer: CertificatePlan): string[] {
  const signature = `Signature Algorithm: ${SIGNATURES[plan.signature.key][plan.signature.hash]}`;
  const constraints = plan.isCa
    ? `CA:TRUE${plan.pathLength === undefined ? "" : `, pathlen:${plan.pathLength}`}`
    : "CA:FALSE";
  return [
    "Version: 3 (0x2)",
    "Serial Number:",
    colons(Buffer.from(plan.serial.padStart(32, "0"), "hex")).toLowerCase(),
    signature,
    `Issuer: ${opensslTextOf(issuer.subject)}`,
    "Validity",
    `Not Before: ${timeText(plan.notBefore)}`,
    `Not After : ${timeText(plan.notAfter)}`,
    `Subject: ${opensslTextOf(plan.subject)}`.trim(),
    "X509v3 extensions:",
    "X509v3 Basic Constraints: critical",
    constraints,
    ...(plan.keyUsageBits.length === 0
      ? []
      : ["X509v3 Key Usage: critical", plan.keyUsageBits.map(opensslNameOf).join(", ")]),
    ...(plan.purposes.length === 0 ? [] : ["X509v3 Extended Key Usage:", plan.purposes.map(opensslNameOf).join(", ")]),
    ...(plan.names.length === 0
      ? []
      : [`X509v3 Subject Alternative Name:${plan.areNamesCritical ? " critical" : ""}`, opensslNames(plan.names)]),
    "X509v3 Subject Key Identifier:",
    colons(keyIdentifierOf(plan.spki)),
    ...(plan.hasAuthorityKey ? ["X509v3 Authority Key Identifier:", colons(keyIdentifierOf(issuer.spki))] : []),
    signature,
  ];
}

/** The lines that openssl prints for a CRL that was made so, without the octets of the signature. */
export function crlLines(
  crl: Omit<CrlSpecimen, "label" | "der" | "pem">,
  issuer: Pick<CertificatePlan, "subject" | "spki">,
): string[] {
  const signature = `Signature Algorithm: ${SIGNATURES[crl.signature.key][crl.signature.hash]}`;
  return [
    "Version 2 (0x1)",
    signature,
    `Issuer: ${opensslTextOf(issuer.subject)}`,
    `Last Update: ${timeText(crl.thisUpdate)}`,
    `Next Update: ${timeText(crl.nextUpdate)}`,
    "CRL extensions:",
    "X509v3 Authority Key Identifier:",
    colons(keyIdentifierOf(issuer.spki)),
    "X509v3 CRL Number:",
    numberText(crl.number),
    crl.entries.length === 0 ? "No Revoked Certificates." : "Revoked Certificates:",
    ...crl.entries.flatMap(({ serial, revokedAt, reason }) => [
      `Serial Number: ${evenHex(serial).toUpperCase()}`,
      `Revocation Date: ${timeText(revokedAt)}`,
      ...(reason === 0 ? [] : ["CRL entry extensions:", "X509v3 CRL Reason Code:", reasonText(reason)]),
    ]),
    signature,
  ];
}

const KEPT_OUT =
  /^(?:\d+: Certificate|Certificate:|Data:|Certificate Revocation List \(CRL\):|Signature Value:|Total found: \d+)$/;

/**
 * The lines of `-text` output as above: trimmed, without headings, and without the block of the public key and the octets
 * of the signature, which other opinions compare.
 */
export function linesOf(text: string): string[] {
  const withoutKey = text.replaceAll(/^ {8}Subject Public Key Info:\n(?: {12}.*\n)*/gm, "");
  const withoutSignature = withoutKey.replaceAll(/^ {4}Signature Value:\n(?: {8}[0-9a-f:]+\n)*/gm, "");
  return withoutSignature
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !KEPT_OUT.test(line));
}

const OPENSSL_KINDS: readonly (readonly [tag: number, name: string])[] = [
  [NAME_TAGS.email, "email"],
  [NAME_TAGS.dns, "DNS"],
  [NAME_TAGS.uri, "URI"],
];

/** GeneralNames as the openssl command writes them into one line. */
function opensslNames(names: readonly PlannedName[]): string {
  return namesText(names, ({ shown }) => `othername: ${shown.openssl}`);
}

/** GeneralNames in one line, but for otherNames, which every program shows in its own way. */
export function namesText(names: readonly PlannedName[], otherName: (name: PlannedOtherName) => string): string {
  return names
    .map((name) => {
      const { tag, content } = name;
      if (isOtherName(name)) return otherName(name);
      if (tag === NAME_TAGS.ip) return `IP Address:${opensslIp(content)}`;
      const kind = OPENSSL_KINDS.find(([one]) => one === tag)?.[1];
      if (kind === undefined) throw new RangeError(`no name for GeneralName ${tag}`);
      return `${kind}:${Buffer.from(content).toString("latin1")}`;
    })
    .join(", ");
}

/** IPv6 in eight groups, upper case, nothing shortened but leading zeros. */
function opensslIp(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join(".");
  const groups = Buffer.from(octets).toString("hex").match(/..../g) ?? [];
  return groups.map((group) => Number.parseInt(group, 16).toString(16).toUpperCase()).join(":");
}

function timeText(date: Date): string {
  const [, , month = "", year = "", time = ""] = date.toUTCString().split(" ");
  return `${month} ${String(date.getUTCDate()).padStart(2, " ")} ${time} ${year} GMT`;
}

/** i2s_ASN1_INTEGER: decimal below 128 bits, else hexadecimal. */
function numberText(number: bigint): string {
  return number < 2n ** 127n ? String(number) : `0x${evenHex(number.toString(16)).toUpperCase()}`;
}

function reasonText(reason: number): string {
  return REASONS.find(({ code }) => code === reason)?.openssl ?? String(reason);
}

function evenHex(digits: string): string {
  return digits.length % 2 === 0 ? digits : `0${digits}`;
}

function colons(bytes: Uint8Array): string {
  return (Buffer.from(bytes).toString("hex").toUpperCase().match(/../g) ?? []).join(":");
}
