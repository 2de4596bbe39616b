import { decodePem, encodePem } from "../der/pem.ts";
import { contentOf, encodingOf, readDer, type DerNode } from "../der/read.ts";
import { expectTag, fieldsOf, namedBitsOf, takeDefaultFalse, unsignedOf, wholeOctetsOf } from "../der/fields.ts";
import { TAG } from "../der/tag.ts";
import { CaError } from "../errors.ts";
import { MAX_PATH_LENGTH } from "../certificate/path-length.ts";
import { readCertificateParts, type CertificateParts } from "../certificate/read-certificate.ts";
import { isCaKeyAlgorithm, type KeyAlgorithm, type SigningHash } from "../keys/algorithms.ts";
import { checkPublicKey } from "../keys/check-public-key.ts";
import { assertSignatureForm, verifySignature } from "../keys/signature.ts";
import { assertSignerKey, signatureAlgorithmOf, type Signer } from "../keys/signer.ts";
import { equalBytes, plain, sha1, sha256Hex } from "../lib/bytes.ts";
import { OID } from "../lib/oids.ts";
import { isSameName } from "../name/compare-names.ts";
import { readTrustedName } from "../name/read-name.ts";
import { PROFILES, type Profile, type ProfileName } from "../profile/profiles.ts";
import type { Root } from "./root.ts";

const MAX_PEM_BYTES = 16_384;
const KEY_CERT_SIGN = 5;
const CRL_SIGN = 6;
const CLOCK_SKEW_MS = 5 * 60_000;

export interface ReadRootOptions {
  /** Default: RolesAnywhere, whose roots profile General takes as well. */
  readonly profile?: ProfileName;
}

/**
 * Reads a root of Capstan's own, PEM (exactly one block) or DER, and holds it to what AWS and RFC 5280 ask of it:
 * version 3, self-signed by a key that the key policy lets pass, basicConstraints critical with cA, keyUsage critical with
 * exactly keyCertSign and cRLSign, a subject key identifier; for profile RolesAnywhere also SHA-256 and pathLen 0, for
 * General SHA-256 or, by a P-384 key, SHA-384, and any pathLen or none.
 * Dates are not judged here: old roots must stay readable. See `assertRootUsable`.
 *
 * @throws DerError, PemError, CaError ERR_ROOT_PROFILE or ERR_ROOT_SIGNATURE
 *
 * @example
 * readRoot(root.pem).generation // 1
 */
export function readRoot(source: string | Uint8Array, options: ReadRootOptions = {}): Root {
  const profile = PROFILES[options.profile ?? "RolesAnywhere"];
  const isPem = typeof source === "string" || source[0] === "-".charCodeAt(0);
  const der = isPem ? decodePem(source, { labels: ["CERTIFICATE"], maxBytes: MAX_PEM_BYTES }).der : plain(source);
  const parts = readCertificateParts(readDer(der));
  const key = checkPublicKey(parts.spki, "root: public key");
  if (!key.ok) throw profileError(`its public key is refused: ${key.violations[0].rule}`);
  const { algorithm } = key.value;
  if (!isCaKeyAlgorithm(algorithm)) throw profileError(`its key cannot be of type ${algorithm}`);
  if (!equalBytes(encodingOf(parts.issuer), encodingOf(parts.subject))) throw profileError("issuer and subject differ");
  const hash = hashOf(parts, profile, algorithm);
  if (parts.notAfter <= parts.notBefore) throw profileError("it ends before it begins");
  const { ski, pathLength } = checkExtensions(parts, profile);
  if (!hasValidSignature(parts, { algorithm, keyObject: key.value.keyObject, hash })) {
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
  return {
    ...root,
    ...(pathLength === undefined ? {} : { pathLength }),
    ...(generation === undefined ? {} : { generation }),
  };
}

/** SHA-256 is fine for every profile; what else is depends on the profile and the key. */
function hashOf(parts: CertificateParts, profile: Profile, algorithm: KeyAlgorithm): SigningHash {
  const allowed = [...new Set<SigningHash>(["sha256", profile.signingHash[algorithm]])];
  const hash = allowed.find((one) => equalBytes(parts.signatureAlgorithm, signatureAlgorithmOf(algorithm, one)));
  if (hash === undefined) throw profileError(`it must be signed with ${allowed.map(nameOfHash).join(" or ")}`);
  return hash;
}

function nameOfHash(hash: SigningHash): string {
  return hash.replace("sha", "SHA-");
}

/**
 * Refuses to sign with a root that the time, the key at hand, or a root beside it does not fit.
 *
 * @throws CaError ERR_ROOT_UNUSABLE, ERR_SIGNER_KEY
 *
 * @example
 * assertRootUsable({ root, signer, now });
 */
export function assertRootUsable(options: {
  readonly root: Root;
  readonly signer: Signer;
  readonly now: Date;
  /** Roots of other generations: none may have the same name, since verifiers look an issuer up by it. Default: none. */
  readonly others?: readonly Root[];
}): void {
  const { root, signer, now, others = [] } = options;
  assertSignerKey(signer, root.spki);
  const hasBegun = root.notBefore.getTime() <= now.getTime() + CLOCK_SKEW_MS;
  if (!hasBegun) throw new CaError("ERR_ROOT_UNUSABLE", `root: not valid before ${root.notBefore.toISOString()}`);
  const isOver = !(now.getTime() <= root.notAfter.getTime());
  if (isOver) throw new CaError("ERR_ROOT_UNUSABLE", `root: expired at ${root.notAfter.toISOString()}`);
  const twin = others.find(({ sha256, subject }) => sha256 !== root.sha256 && isSameName(subject, root.subject));
  if (twin !== undefined) {
    throw new CaError("ERR_ROOT_UNUSABLE", `root: the root with SHA-256 ${twin.sha256} has the same name`);
  }
}

function hasValidSignature(
  parts: CertificateParts,
  key: { keyObject: Parameters<typeof verifySignature>[2]; algorithm: KeyAlgorithm; hash: SigningHash },
): boolean {
  try {
    assertSignatureForm(key.algorithm, parts.signature);
  } catch {
    return false;
  }
  return verifySignature(key.hash, parts.tbs, key.keyObject, parts.signature);
}

function checkExtensions(parts: CertificateParts, profile: Profile): { ski: Uint8Array; pathLength?: number } {
  const take = (oid: string, name: string, critical: boolean): DerNode => {
    const found = parts.extensions.find((one) => one.oid === oid);
    if (found === undefined) throw profileError(`${name} is missing`);
    if (found.critical !== critical) throw profileError(`${name} must ${critical ? "" : "not "}be critical`);
    return found.value;
  };
  const constraints = fieldsOf(take(OID.basicConstraints, "basicConstraints", true), TAG.sequence, "BasicConstraints");
  if (!takeDefaultFalse(constraints)) throw profileError("basicConstraints must say that it is a CA");
  const pathLengthNode = constraints.takeOptional(TAG.integer);
  constraints.end();
  const pathLength = pathLengthNode === undefined ? undefined : unsignedOf(pathLengthNode, "pathLenConstraint");
  if (profile.rootPathLength === 0 && pathLength !== 0n) throw profileError("pathLen must be 0");
  if (pathLength !== undefined && pathLength > MAX_PATH_LENGTH) throw profileError("pathLen is absurdly high");
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
  const ski = plain(contentOf(skiNode));
  return pathLength === undefined ? { ski } : { ski, pathLength: Number(pathLength) };
}

function generationOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}

function profileError(rule: string): CaError {
  return new CaError("ERR_ROOT_PROFILE", `root: ${rule}`);
}
