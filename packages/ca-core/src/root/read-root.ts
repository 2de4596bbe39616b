import { decodePem, encodePem } from "../der/pem.ts";
import { contentOf, encodingOf, readDer, type DerNode } from "../der/read.ts";
import { expectTag, fieldsOf, namedBitsOf, takeDefaultFalse, unsignedOf, wholeOctetsOf } from "../der/fields.ts";
import { TAG } from "../der/tag.ts";
import { CaError } from "../errors.ts";
import { readCertificateParts, type CertificateParts } from "../certificate/read-certificate.ts";
import { isCaKeyAlgorithm, SIGNING_HASH } from "../keys/algorithms.ts";
import { checkPublicKey } from "../keys/check-public-key.ts";
import { assertSignatureForm, verifySignature } from "../keys/signature.ts";
import { assertSignerKey, signatureAlgorithmOf, type Signer } from "../keys/signer.ts";
import { equalBytes, plain, sha1, sha256Hex } from "../lib/bytes.ts";
import { OID } from "../lib/oids.ts";
import { readTrustedName } from "../name/read-name.ts";
import type { Root } from "./root.ts";

const MAX_PEM_BYTES = 16_384;
const KEY_CERT_SIGN = 5;
const CRL_SIGN = 6;
const CLOCK_SKEW_MS = 5 * 60_000;

/**
 * Reads a root of Capstan's own, PEM (exactly one block) or DER, and holds it to what AWS and RFC 5280 ask of it:
 * version 3, self-signed with SHA-256 by a key that the key policy lets pass, basicConstraints critical with cA and
 * pathLen 0, keyUsage critical with exactly keyCertSign and cRLSign, a subject key identifier.
 * Dates are not judged here: old roots must stay readable. See `assertRootUsable`.
 *
 * @throws DerError, PemError, CaError ERR_ROOT_PROFILE or ERR_ROOT_SIGNATURE
 */
export function readRoot(source: string | Uint8Array): Root {
  const isPem = typeof source === "string" || source[0] === "-".charCodeAt(0);
  const der = isPem ? decodePem(source, { labels: ["CERTIFICATE"], maxBytes: MAX_PEM_BYTES }).der : plain(source);
  const parts = readCertificateParts(readDer(der));
  const key = checkPublicKey(parts.spki, "root: public key");
  if (!key.ok) throw profileError(`its public key is refused: ${key.violations[0].rule}`);
  const { algorithm } = key.value;
  if (!isCaKeyAlgorithm(algorithm)) throw profileError(`its key cannot be of type ${algorithm}`);
  if (!equalBytes(encodingOf(parts.issuer), encodingOf(parts.subject))) throw profileError("issuer and subject differ");
  if (!equalBytes(parts.signatureAlgorithm, signatureAlgorithmOf(algorithm))) {
    throw profileError("it must be signed with SHA-256");
  }
  if (parts.notAfter <= parts.notBefore) throw profileError("it ends before it begins");
  const ski = checkExtensions(parts);
  if (!hasValidSignature(parts, { algorithm, keyObject: key.value.keyObject })) {
    throw new CaError("ERR_ROOT_SIGNATURE", "root: its self-signature does not verify");
  }
  const subject = readTrustedName(parts.subject);
  const root = {
    der,
    pem: encodePem("CERTIFICATE", der),
    subjectDer: plain(encodingOf(parts.subject)),
    subject,
    algorithm,
    spki: key.value.spki,
    ski,
    notBefore: parts.notBefore,
    notAfter: parts.notAfter,
    sha256: sha256Hex(der),
  };
  const generation = generationOf(subject.find(({ type }) => type === "serialNumber")?.value);
  return generation === undefined ? root : { ...root, generation };
}

/**
 * Refuses to sign with a root that the time, or the key at hand, does not fit.
 * @throws CaError ERR_ROOT_UNUSABLE, ERR_SIGNER_KEY
 */
export function assertRootUsable(options: { readonly root: Root; readonly signer: Signer; readonly now: Date }): void {
  const { root, signer, now } = options;
  assertSignerKey(signer, root.spki);
  const hasBegun = root.notBefore.getTime() <= now.getTime() + CLOCK_SKEW_MS;
  if (!hasBegun) throw new CaError("ERR_ROOT_UNUSABLE", `root: not valid before ${root.notBefore.toISOString()}`);
  const isOver = !(now.getTime() <= root.notAfter.getTime());
  if (isOver) throw new CaError("ERR_ROOT_UNUSABLE", `root: expired at ${root.notAfter.toISOString()}`);
}

function hasValidSignature(
  parts: CertificateParts,
  key: { keyObject: Parameters<typeof verifySignature>[2]; algorithm: Root["algorithm"] },
): boolean {
  try {
    assertSignatureForm(key.algorithm, parts.signature);
  } catch {
    return false;
  }
  return verifySignature(SIGNING_HASH, parts.tbs, key.keyObject, parts.signature);
}

/** Returns the subject key identifier. */
function checkExtensions(parts: CertificateParts): Uint8Array {
  const take = (oid: string, name: string, critical: boolean): DerNode => {
    const found = parts.extensions.find((one) => one.oid === oid);
    if (found === undefined) throw profileError(`${name} is missing`);
    if (found.critical !== critical) throw profileError(`${name} must ${critical ? "" : "not "}be critical`);
    return found.value;
  };
  const constraints = fieldsOf(take(OID.basicConstraints, "basicConstraints", true), TAG.sequence, "BasicConstraints");
  if (!takeDefaultFalse(constraints)) throw profileError("basicConstraints must say that it is a CA");
  const pathLength = constraints.takeOptional(TAG.integer);
  constraints.end();
  if (pathLength === undefined || unsignedOf(pathLength, "pathLenConstraint") !== 0n)
    throw profileError("pathLen must be 0");
  const usages = namedBitsOf(take(OID.keyUsage, "keyUsage", true), "KeyUsage");
  if (usages.length !== 2 || !usages.includes(KEY_CERT_SIGN) || !usages.includes(CRL_SIGN)) {
    throw profileError("keyUsage must be keyCertSign and cRLSign");
  }
  const skiNode = expectTag(take(OID.subjectKeyIdentifier, "subjectKeyIdentifier", false), TAG.octetString, "SKI");
  const spkiBits = parts.spki.children[1];
  if (spkiBits === undefined || !equalBytes(contentOf(skiNode), sha1(wholeOctetsOf(spkiBits, "subjectPublicKey")))) {
    throw profileError("subjectKeyIdentifier must be the SHA-1 of the public key (RFC 5280, 4.2.1.2)");
  }
  const known: readonly string[] = [OID.basicConstraints, OID.keyUsage, OID.subjectKeyIdentifier];
  const unknown = parts.extensions.find(({ oid }) => !known.includes(oid));
  if (unknown !== undefined) throw profileError(`extension ${unknown.oid} does not belong into it`);
  return plain(contentOf(skiNode));
}

function generationOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}

function profileError(rule: string): CaError {
  return new CaError("ERR_ROOT_PROFILE", `root: ${rule}`);
}
