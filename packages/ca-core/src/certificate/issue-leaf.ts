import { X509Certificate } from "node:crypto";
import { encodePem } from "../der/pem.ts";
import { readDer } from "../der/read.ts";
import { bitString, sequence } from "../der/write.ts";
import { CaError } from "../errors.ts";
import { assertSignerKey, signatureAlgorithmOf, signVerified, type Signer } from "../keys/signer.ts";
import { equalBytes, sha256Hex } from "../lib/bytes.ts";
import { parseIp } from "../san/ip-address.ts";
import type { SubjectAlternativeName } from "../san/subject-alternative-name.ts";
import { rootKeyObject } from "../root/root.ts";
import { readCertificateParts } from "./read-certificate.ts";
import type { SerialHex } from "./serial.ts";
import { redeemTicket, type LeafTicket, type PlannedLeaf } from "./ticket.ts";

/** An issued end-entity certificate. */
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
 * signed bytes are compared with the linted ones, and OpenSSL reads the certificate again and must find the serial,
 * names, dates and key that were decided.
 *
 * @throws CaError ERR_LEAF_TICKET, ERR_SIGNER_KEY, ERR_SIGNER_SIGNATURE, ERR_LEAF_READ_BACK; whatever the signer throws.
 * After any error but ERR_LEAF_TICKET and ERR_SIGNER_KEY a signature may exist: count the leaf as issued.
 */
export async function issueLeaf(options: { readonly ticket: LeafTicket; readonly signer: Signer }): Promise<Leaf> {
  const plan = redeemTicket(options.ticket);
  assertSignerKey(options.signer, plan.root.spki);
  const signature = await signVerified(options.signer, plan.tbs, rootKeyObject(plan.root));
  const der = sequence(plan.tbs, signatureAlgorithmOf(plan.root.algorithm), bitString(signature));
  assertReadBack(der, plan);
  const { serial, notBefore, notAfter } = plan;
  return { der, pem: encodePem("CERTIFICATE", der), serial, notBefore, notAfter, sha256: sha256Hex(der) };
}

function assertReadBack(der: Uint8Array, plan: PlannedLeaf): void {
  const openssl = new X509Certificate(der);
  const parts = readCertificateParts(readDer(der));
  const facts: { readonly [fact: string]: boolean } = {
    bytes: equalBytes(openssl.raw, der) && equalBytes(parts.tbs, plan.tbs),
    serial: openssl.serialNumber.toLowerCase() === plan.serial,
    issuer: openssl.checkIssued(rootCertificate(plan)),
    subject: equalSubjects(openssl, plan),
    "subject alternative names":
      (openssl.subjectAltName ?? "") === plan.subjectAlternativeNames.map(asOpenSsl).join(", "),
    notBefore: new Date(openssl.validFrom).getTime() === plan.notBefore.getTime(),
    notAfter: new Date(openssl.validTo).getTime() === plan.notAfter.getTime(),
    key: equalBytes(openssl.publicKey.export({ format: "der", type: "spki" }), plan.publicKeySpki),
    "not a CA": !openssl.ca,
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

/** OpenSSL's line per attribute, in which it escapes `+` and would escape what our names cannot have. */
function equalSubjects(openssl: X509Certificate, { subject }: PlannedLeaf): boolean {
  return openssl.subject === subject.map(({ type, value }) => `${type}=${value.replaceAll("+", "\\+")}`).join("\n");
}

const OPENSSL_KINDS: { readonly [kind: string]: string } = { DNS: "DNS", URI: "URI", Email: "email", IP: "IP Address" };

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
