import { X509Certificate } from "node:crypto";
import { encodePem } from "../der/pem.ts";
import { encodingOf, readDerShallow, type DerNode } from "../der/read.ts";
import { bitString, sequence } from "../der/write.ts";
import { CaError } from "../errors.ts";
import { assertSignerKey, signatureAlgorithmOf, signVerified, type Signer } from "../keys/signer.ts";
import { equalBytes, sha256Hex } from "../lib/bytes.ts";
import { OID } from "../lib/oids.ts";
import { parseIp } from "../san/ip-address.ts";
import type { SubjectAlternativeName } from "../san/subject-alternative-name.ts";
import { rootKeyObject } from "../root/root.ts";
import { lintCertificate } from "../lint/lint-leaf.ts";
import { lintError } from "./prepare-leaf.ts";
import type { TbsCertificate } from "./read-certificate.ts";
import type { SerialHex } from "./serial.ts";
import { redeemTicket, type LeafTicket, type PlannedLeaf } from "./ticket.ts";

/** An issued certificate: of an end entity, or in profile General of a CA. */
export interface Leaf {
  readonly der: Uint8Array;
  /** One block, label CERTIFICATE. */
  readonly pem: string;
  readonly serial: SerialHex;
  readonly notBefore: Date;
  /** Inclusive. */
  readonly notAfter: Date;
  /** SHA-256 of `der`, lower-case hex. */
  readonly sha256: string;
}

/**
 * Signs a prepared leaf: once per ticket, whatever comes of it. The signature is verified with the root's key, the
 * signed bytes are compared with the linted ones, OpenSSL reads the certificate again and must find the serial, names,
 * dates, key, purposes and CA flag that were decided, and the whole is linted.
 *
 * @throws CaError ERR_LEAF_TICKET, ERR_SIGNER_KEY, ERR_SIGNER_SIGNATURE, ERR_LEAF_READ_BACK, ERR_LEAF_LINT; whatever the
 * signer throws. After any error but ERR_LEAF_TICKET and ERR_SIGNER_KEY a signature may exist: count the leaf as issued.
 * @example const leaf = await issueLeaf({ ticket, signer });
 */
export async function issueLeaf(options: { readonly ticket: LeafTicket; readonly signer: Signer }): Promise<Leaf> {
  const plan = redeemTicket(options.ticket);
  const { root, profile } = plan;
  assertSignerKey(options.signer, root.spki);
  const hash = profile.signingHash[root.algorithm];
  const signature = await signVerified(options.signer, plan.tbs, rootKeyObject(root), hash);
  const der = sequence(plan.tbs, signatureAlgorithmOf(root.algorithm, hash), bitString(signature));
  const whole = readMembers(der);
  assertReadBack(whole, plan);
  const findings = lintCertificate({ ...plan, whole });
  if (findings.length > 0) throw lintError(findings, "the leaf was signed and not released");
  const { serial, notBefore, notAfter } = plan;
  return { der, pem: encodePem("CERTIFICATE", der), serial, notBefore, notAfter, sha256: sha256Hex(der) };
}

/** The outermost SEQUENCE with its members; what is inside those was read before they were signed. */
function readMembers(der: Uint8Array): DerNode {
  const whole = readDerShallow(der, 0, der.length);
  const children: DerNode[] = [];
  for (let at = whole.contentStart; at < whole.end; at = children.at(-1)?.end ?? whole.end) {
    children.push(readDerShallow(der, at, whole.end));
  }
  return { ...whole, children };
}

function assertReadBack(whole: DerNode, plan: PlannedLeaf): void {
  const { certificate, tbs } = plan;
  const openssl = new X509Certificate(whole.source);
  const [signed] = whole.children;
  const facts: { readonly [fact: string]: boolean } = {
    bytes: equalBytes(openssl.raw, whole.source) && signed !== undefined && equalBytes(encodingOf(signed), tbs),
    serial: openssl.serialNumber.toLowerCase() === plan.serial,
    issuer: openssl.checkIssued(rootCertificate(plan)),
    subject: equalSubjects(openssl, certificate, plan),
    "subject alternative names": equalAlternativeNames(openssl, certificate, plan),
    purposes: (openssl.keyUsage ?? []).join() === plan.purposes.join(),
    notBefore: openssl.validFromDate.getTime() === plan.notBefore.getTime(),
    notAfter: openssl.validToDate.getTime() === plan.notAfter.getTime(),
    // OpenSSL compares keys: to export one costs as much as half a signature.
    key: equalBytes(encodingOf(certificate.spki), plan.publicKeySpki) && openssl.publicKey.equals(plan.publicKey),
    CA: openssl.ca === plan.isCa,
  };
  const wrong = Object.keys(facts).filter((fact) => facts[fact] !== true);
  if (wrong.length > 0)
    throw new CaError("ERR_LEAF_READ_BACK", `leaf: not as planned when read back: ${wrong.join(", ")}`);
}

const ROOT_CERTIFICATES = new WeakMap<PlannedLeaf["root"], X509Certificate>();

function rootCertificate({ root }: PlannedLeaf): X509Certificate {
  const known = ROOT_CERTIFICATES.get(root);
  if (known !== undefined) return known;
  const certificate = new X509Certificate(root.der);
  ROOT_CERTIFICATES.set(root, certificate);
  return certificate;
}

/** Types that OpenSSL shows under our short names. */
const SHOWN_TYPES: ReadonlySet<string> = new Set(["CN", "O", "OU", "C", "ST", "L", "serialNumber"]);
/** Of these OpenSSL escapes `+` alone. */
const SHOWN_VALUE = /^[A-Za-z0-9 _.:=+@-]+$/;

/**
 * The bytes, and what OpenSSL makes of them where it shows them in one way only: a line per attribute. Of several
 * attributes in one RDN, of rarer types and of other characters its text could stand for something else.
 */
function equalSubjects(openssl: X509Certificate, parts: TbsCertificate, plan: PlannedLeaf): boolean {
  const { subject, subjectDer } = plan;
  if (!equalBytes(encodingOf(parts.subject), subjectDer)) return false;
  const isPlain =
    subject.length > 0 &&
    subject.length === parts.subject.children.length &&
    subject.every(({ type, value }) => SHOWN_TYPES.has(type) && SHOWN_VALUE.test(value));
  if (!isPlain) return true;
  return openssl.subject === subject.map(({ type, value }) => `${type}=${value.replaceAll("+", "\\+")}`).join("\n");
}

const OPENSSL_KINDS: { readonly [kind: string]: string } = { DNS: "DNS", URI: "URI", Email: "email", IP: "IP Address" };

/** The bytes, and OpenSSL's text for all kinds that it can show: it does not say what an otherName is. */
function equalAlternativeNames(openssl: X509Certificate, parts: TbsCertificate, plan: PlannedLeaf): boolean {
  const { subjectAlternativeNames: names, subjectAlternativeNamesDer } = plan;
  const found = parts.extensions.find(({ oid }) => oid === OID.subjectAltName)?.value;
  if (found === undefined || subjectAlternativeNamesDer === undefined) {
    return found === undefined && subjectAlternativeNamesDer === undefined && openssl.subjectAltName === undefined;
  }
  if (!equalBytes(encodingOf(found), subjectAlternativeNamesDer)) return false;
  return (
    names.some(({ kind }) => OPENSSL_KINDS[kind] === undefined) ||
    openssl.subjectAltName === names.map(asOpenSsl).join(", ")
  );
}

function asOpenSsl({ kind, value }: SubjectAlternativeName): string {
  const octets = kind === "IP" ? parseIp(value) : undefined;
  return `${OPENSSL_KINDS[kind]}:${octets?.length === 16 ? longIpv6(octets) : value}`;
}

/** OpenSSL writes IPv6 as eight groups in upper case without leading zeros. */
function longIpv6(octets: Uint8Array): string {
  return Array.from({ length: 8 }, (_, i) => (((octets[2 * i] ?? 0) << 8) | (octets[2 * i + 1] ?? 0)).toString(16))
    .join(":")
    .toUpperCase();
}
