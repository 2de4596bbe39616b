import { X509Certificate } from "node:crypto";
import type { CertificatePlan } from "./certificate-plan.ts";
import { NAME_TAGS } from "./general-names.ts";
import { ipText, textsOf } from "./go-expectations.ts";
import { namesText } from "./openssl-expectations.ts";
import type { CertificateSpecimen } from "./specimens.ts";
import { opensslNameOf, type PlannedSubject } from "./subject.ts";

/** What node:crypto says of a certificate, its issuer at hand. */
export function nodeFacts({ der, plan, privateKey, authority }: CertificateSpecimen): object {
  const certificate = new X509Certificate(der);
  const issuer = new X509Certificate(authority.root.root.der);
  const { names } = plan;
  return {
    raw: Buffer.from(certificate.raw).toString("hex"),
    serial: BigInt(`0x${certificate.serialNumber}`),
    subject: certificate.subject,
    issuer: certificate.issuer,
    names: certificate.subjectAltName,
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
    spki: Buffer.from(certificate.publicKey.export({ format: "der", type: "spki" })).toString("hex"),
    purposes: certificate.keyUsage,
    ca: certificate.ca,
    isIssued: certificate.checkIssued(issuer),
    isSigned: certificate.verify(issuer.publicKey),
    isOfKey: privateKey === undefined || certificate.checkPrivateKey(privateKey),
    hostsFound: hostsOf(plan).filter((name) => certificate.checkHost(name) !== undefined),
    emailsFound: textsOf(names, NAME_TAGS.email).filter((name) => certificate.checkEmail(name) !== undefined),
    ipsFound: ipsOf(plan).filter((name) => certificate.checkIP(name) !== undefined),
    strangers: [certificate.checkHost("stranger.example"), certificate.checkIP("192.0.2.77")],
  };
}

/** What it must say of a certificate of this plan. */
export function plannedNodeFacts({ der, plan, authority }: CertificateSpecimen): object {
  return {
    raw: Buffer.from(der).toString("hex"),
    serial: BigInt(`0x${plan.serial}`),
    // OpenSSL writes nothing for an empty name, which node:crypto takes for no name.
    subject: plan.subject.length === 0 ? undefined : nodeName(plan.subject),
    issuer: nodeName(authority.root.plan.subject),
    names: plan.names.length === 0 ? undefined : namesText(plan.names, ({ shown }) => `othername:${shown.node}`),
    notBefore: plan.notBefore,
    notAfter: plan.notAfter,
    spki: Buffer.from(plan.spki).toString("hex"),
    purposes: plan.purposes.length === 0 ? undefined : plan.purposes,
    ca: plan.isCa,
    isIssued: true,
    isSigned: true,
    isOfKey: true,
    hostsFound: hostsOf(plan),
    emailsFound: textsOf(plan.names, NAME_TAGS.email),
    ipsFound: ipsOf(plan),
    strangers: [undefined, undefined],
  };
}

/** Wildcards are no hosts. */
function hostsOf({ names }: CertificatePlan): string[] {
  return textsOf(names, NAME_TAGS.dns).filter((name) => !name.startsWith("*"));
}

function ipsOf({ names }: CertificatePlan): string[] {
  return names.filter(({ tag }) => tag === NAME_TAGS.ip).map(({ content }) => ipText(content));
}

/** One RDN a line, attributes parted by ` + `, escaped as in RFC 2253. */
function nodeName(subject: PlannedSubject): string {
  return subject
    .map((rdn) => rdn.map(({ type, value }) => `${opensslNameOf(type)}=${escapeValue(value)}`).join(" + "))
    .join("\n");
}

function escapeValue(value: string): string {
  return (
    value
      .replaceAll(/[,+"\\<>;]/g, String.raw`\$&`)
      // A value of one character has its first escaped as its last, which # needs not.
      .replace(/^[# ](?=.)/, String.raw`\$&`)
      .replace(/ $/, String.raw`\ `)
  );
}
