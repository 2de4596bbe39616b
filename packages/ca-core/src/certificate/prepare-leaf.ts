import { wholeOctetsOf } from "../der/fields.ts";
import { readDer } from "../der/read.ts";
import { TAG } from "../der/tag.ts";
import {
  DER_TRUE,
  namedBits,
  objectIdentifier,
  octetString,
  sequence,
  tagged,
  time,
  tlv,
  unsignedInteger,
} from "../der/write.ts";
import { CaError } from "../errors.ts";
import { KEY_ALGORITHMS, type LeafKeyAlgorithm } from "../keys/algorithms.ts";
import { checkPublicKey, type CheckedKey } from "../keys/check-public-key.ts";
import { signatureAlgorithmOf } from "../keys/signer.ts";
import { plain, sha1 } from "../lib/bytes.ts";
import { OID } from "../lib/oids.ts";
import { lintLeaf, type LintFinding } from "../lint/lint-leaf.ts";
import type { LeafDecision } from "../lint/rule.ts";
import type { NameAttribute } from "../name/attribute-types.ts";
import { readTrustedName } from "../name/read-name.ts";
import { writeName } from "../name/write-name.ts";
import { PROFILES, type Profile, type ProfileName } from "../profile/profiles.ts";
import { extendedKeyUsageOids, keyUsageBits, possibleKeyUsageBits, type Usage } from "../profile/usages.ts";
import type { Root } from "../root/root.ts";
import type { SubjectAlternativeName } from "../san/subject-alternative-name.ts";
import { writeSan } from "../san/write-san.ts";
import { MAX_PATH_LENGTH } from "./path-length.ts";
import { pooledRandomBytes } from "./random-pool.ts";
import { randomSerial, serialContent, type RandomBytes, type SerialHex } from "./serial.ts";
import { createTicket, type LeafTicket } from "./ticket.ts";
import { authorityKeyIdentifier, extension } from "./write-extension.ts";

export interface LeafPlan {
  /** Default: RolesAnywhere. */
  readonly profile?: ProfileName;
  readonly root: Root;
  /** In the order of the certificate. Written one RDN each, unless there is `subjectDer`. */
  readonly subject: readonly Pick<NameAttribute, "type" | "value">[];
  /**
   * The Name as it was sent, for profile General, which keeps it byte for byte; RolesAnywhere always writes `subject`. It
   * must hold exactly the attributes of `subject`, which policy has judged.
   */
  readonly subjectDer?: Uint8Array;
  readonly subjectAlternativeNames: readonly SubjectAlternativeName[];
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeySpki: Uint8Array;
  /** As `usagesOf` gives them; what the key cannot do is left out, and RolesAnywhere adds digitalSignature. */
  readonly usages: readonly Usage[];
  /** A CA certificate, which profile General has. Default: no. */
  readonly isCa?: boolean;
  /**
   * pathLen of a CA certificate. Default: one less than the root's; absent when the root has none. Ignored without `isCa`.
   */
  readonly pathLength?: number;
  readonly notBefore: Date;
  /** Inclusive. */
  readonly notAfter: Date;
  /** The CertificateAuthority's maxLeafDuration: the lint holds notAfter - notBefore to it. */
  readonly maxLifetimeMs: number;
  /** Whether Capstan mints this leaf for itself, under one of `ownCommonName`'s names. Default: no, and those are refused. */
  readonly isOwnLeaf?: boolean;
  /** Default: node:crypto's generator. */
  readonly random?: RandomBytes;
}

export interface PreparedLeaf {
  /** For `issueLeaf`, once. */
  readonly ticket: LeafTicket;
  readonly serial: SerialHex;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** The bytes that will be signed: for the audit line. */
  readonly tbs: Uint8Array;
}

const VERSION_3 = tagged(0, Uint8Array.of(TAG.integer, 1, 2));

/**
 * Builds the TBSCertificate of a leaf from what was decided, and lints it before anything is signed. From the request it
 * takes the public key and the names that policy let through, nothing else.
 *
 * @throws CaError ERR_LEAF_INPUT when a name, date or number cannot be written, ERR_LEAF_LINT naming every rule broken
 *
 * @example
 * const { ticket } = prepareLeaf({
 *   root,
 *   subject: request.subject,
 *   subjectAlternativeNames: request.subjectAlternativeNames,
 *   publicKeySpki: request.publicKey.spki,
 *   usages: usagesOf(["client auth"]),
 *   notBefore: now,
 *   notAfter: new Date(now.getTime() + 86_400_000),
 *   maxLifetimeMs: 7 * 86_400_000,
 * });
 */
export function prepareLeaf(plan: LeafPlan): PreparedLeaf {
  const { root, subjectAlternativeNames, usages, maxLifetimeMs, isCa = false, random = pooledRandomBytes } = plan;
  const profile = PROFILES[plan.profile ?? "RolesAnywhere"];
  const publicKeySpki = plain(plan.publicKeySpki);
  const notBefore = new Date(Math.floor(plan.notBefore.getTime() / 1000) * 1000);
  const notAfter = new Date(Math.floor(plan.notAfter.getTime() / 1000) * 1000);
  const key = readKey(publicKeySpki);
  const serial = randomSerial(random);
  const subjectDer = writeSubject(plan, profile);
  const isSubjectEmpty = subjectDer.length === EMPTY_NAME_BYTES;
  const subjectAlternativeNamesDer =
    subjectAlternativeNames.length === 0 ? undefined : writeSan(subjectAlternativeNames);
  const purposes = extendedKeyUsageOids(usages);
  const tbs = sequence(
    VERSION_3,
    tlv(TAG.integer, serialContent(serial)),
    signatureAlgorithmOf(root.algorithm, profile.signingHash[root.algorithm]),
    root.subjectDer,
    writeValidity(notBefore, notAfter),
    subjectDer,
    publicKeySpki,
    tagged(
      3,
      sequence(
        extension(OID.basicConstraints, true, basicConstraints(plan)),
        ...keyUsage(plan, profile, key.algorithm),
        ...extendedKeyUsage(purposes),
        ...(subjectAlternativeNamesDer === undefined
          ? []
          : [extension(OID.subjectAltName, isSubjectEmpty, subjectAlternativeNamesDer)]),
        extension(OID.subjectKeyIdentifier, false, octetString(sha1(key.bits))),
        authorityKeyIdentifier(root.ski),
      ),
    ),
  );
  const decision: LeafDecision = { profile, root, maxLifetimeMs, isCa, isOwnLeaf: plan.isOwnLeaf ?? false };
  const lint = lintLeaf({ ...decision, tbs });
  if (!("certificate" in lint)) throw lintError(lint.findings, "the leaf was not signed");
  const ticket = createTicket({
    ...decision,
    tbs,
    certificate: lint.certificate,
    serial,
    // Copies: what a caller does to its own later does not change what the certificate is compared with.
    subject: plan.subject.map(({ type, value }) => ({ type, value })),
    subjectDer,
    subjectAlternativeNames: subjectAlternativeNames.map(({ kind, value }) => ({ kind, value })),
    subjectAlternativeNamesDer,
    purposes,
    publicKeySpki,
    publicKey: key.keyObject,
    notBefore,
    notAfter,
  });
  // A copy: what a caller does to it does not reach what is signed.
  return { ticket, serial, notBefore, notAfter, tbs: plain(tbs) };
}

export function lintError(findings: readonly LintFinding[], outcome: string): CaError {
  const text = findings.map(({ rule, fault }) => `${rule}: ${fault}`).join("; ");
  return new CaError("ERR_LEAF_LINT", `${outcome}: ${text}`);
}

const EMPTY_NAME_BYTES = 2;

function writeSubject({ subject, subjectDer }: LeafPlan, profile: Profile): Uint8Array {
  if (subjectDer === undefined || !profile.keepsSubjectBytes) return writeName(subject);
  const same = (a: readonly Pick<NameAttribute, "type" | "value">[]): boolean =>
    a.length === subject.length &&
    a.every(({ type, value }, index) => type === subject[index]?.type && value === subject[index]?.value);
  try {
    if (same(readTrustedName(readDer(subjectDer)))) return plain(subjectDer);
  } catch (cause) {
    throw new CaError("ERR_LEAF_INPUT", "subjectDer is not a Name that can be read", { cause });
  }
  throw new CaError("ERR_LEAF_INPUT", "subjectDer holds other attributes than subject, which was judged");
}

/** The key policy once more: a plan may come from elsewhere than a request. */
function readKey(spki: Uint8Array): Pick<CheckedKey, "algorithm" | "keyObject"> & { readonly bits: Uint8Array } {
  const node = readDer(spki);
  const key = checkPublicKey(node, "public key");
  if (!key.ok) throw new CaError("ERR_LEAF_INPUT", `the public key is refused: ${key.violations[0].rule}`);
  const bits = node.children[1];
  if (bits === undefined) throw new TypeError("a checked key has no bits");
  const { algorithm, keyObject } = key.value;
  return { algorithm, keyObject, bits: wholeOctetsOf(bits, "subjectPublicKey") };
}

function writeValidity(notBefore: Date, notAfter: Date): Uint8Array {
  try {
    return sequence(time(notBefore), time(notAfter));
  } catch (cause) {
    throw new CaError("ERR_LEAF_INPUT", "notBefore and notAfter must be dates in the years 2000 to 2099", { cause });
  }
}

/** cA FALSE is the default and left out. */
function basicConstraints({ root, isCa = false, pathLength }: LeafPlan): Uint8Array {
  if (!isCa) return sequence();
  const depth = pathLength ?? (root.pathLength === undefined ? undefined : root.pathLength - 1);
  if (depth === undefined) return sequence(DER_TRUE);
  if (!(Number.isInteger(depth) && depth >= 0 && depth <= MAX_PATH_LENGTH)) {
    throw new CaError("ERR_LEAF_INPUT", `pathLength must be 0 to ${MAX_PATH_LENGTH}, and below the root's`);
  }
  return sequence(DER_TRUE, unsignedInteger(Uint8Array.of(depth)));
}

/** Critical; absent when profile and usages leave no bit, which allows every use (RFC 5280, 4.2.1.3). */
function keyUsage({ usages, isCa = false }: LeafPlan, profile: Profile, algorithm: LeafKeyAlgorithm): Uint8Array[] {
  const { kind } = KEY_ALGORITHMS[algorithm];
  const { needsDigitalSignature } = profile;
  const bits = possibleKeyUsageBits({ usages, kind, isCa, needsDigitalSignature });
  if (bits.length === 0 && keyUsageBits(usages).length > 0) {
    throw new CaError("ERR_LEAF_INPUT", `a key of type ${algorithm} can do none of: ${usages.join(", ")}`);
  }
  return bits.length === 0 ? [] : [extension(OID.keyUsage, true, namedBits(bits))];
}

/** Not critical, in the order of the request; absent when no purpose was asked for. */
function extendedKeyUsage(oids: readonly string[]): Uint8Array[] {
  return oids.length === 0 ? [] : [extension(OID.extendedKeyUsage, false, sequence(...oids.map(objectIdentifier)))];
}
