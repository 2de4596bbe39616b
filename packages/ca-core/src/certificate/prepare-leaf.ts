import { randomBytes } from "node:crypto";
import { wholeOctetsOf } from "../der/fields.ts";
import { readDer } from "../der/read.ts";
import { TAG } from "../der/tag.ts";
import { namedBits, objectIdentifier, octetString, sequence, tagged, time, tlv } from "../der/write.ts";
import { CaError } from "../errors.ts";
import { KEY_ALGORITHMS, type LeafKeyAlgorithm } from "../keys/algorithms.ts";
import { checkPublicKey } from "../keys/check-public-key.ts";
import { signatureAlgorithmOf } from "../keys/signer.ts";
import { plain, sha1 } from "../lib/bytes.ts";
import { OID } from "../lib/oids.ts";
import { lintLeaf } from "../lint/lint-leaf.ts";
import type { NameAttribute } from "../name/attribute-types.ts";
import { writeName } from "../name/write-name.ts";
import { extendedKeyUsageOids, keyUsageBits, type Usage } from "../profile/usages.ts";
import type { Root } from "../root/root.ts";
import type { SubjectAlternativeName } from "../san/subject-alternative-name.ts";
import { writeSan } from "../san/write-san.ts";
import { randomSerial, serialContent, type RandomBytes, type SerialHex } from "./serial.ts";
import { createTicket, type LeafTicket } from "./ticket.ts";
import { authorityKeyIdentifier, extension } from "./write-extension.ts";

export interface LeafPlan {
  readonly root: Root;
  /** One RDN each, in this order. */
  readonly subject: readonly Pick<NameAttribute, "type" | "value">[];
  readonly subjectAlternativeNames: readonly SubjectAlternativeName[];
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeySpki: Uint8Array;
  /** As `usagesOf` gives them. digitalSignature is added, and what an EC key cannot do is left out (see keyUsage). */
  readonly usages: readonly Usage[];
  readonly notBefore: Date;
  /** Inclusive. */
  readonly notAfter: Date;
  /** The CertificateAuthority's maxLeafDuration: the lint holds notAfter - notBefore to it. */
  readonly maxLifetimeMs: number;
  /** Default: node:crypto's randomBytes. */
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
 * @throws CaError ERR_LEAF_INPUT when a name or date cannot be written, ERR_LEAF_LINT naming every rule broken
 */
export function prepareLeaf(plan: LeafPlan): PreparedLeaf {
  const { root, subject, subjectAlternativeNames, usages, maxLifetimeMs, random = randomBytes } = plan;
  const publicKeySpki = plain(plan.publicKeySpki);
  const notBefore = new Date(Math.floor(plan.notBefore.getTime() / 1000) * 1000);
  const notAfter = new Date(Math.floor(plan.notAfter.getTime() / 1000) * 1000);
  const key = readKey(publicKeySpki);
  const serial = randomSerial(random);
  const san =
    subjectAlternativeNames.length === 0
      ? []
      : [extension(OID.subjectAltName, false, writeSan(subjectAlternativeNames))];
  const tbs = sequence(
    VERSION_3,
    tlv(TAG.integer, serialContent(serial)),
    signatureAlgorithmOf(root.algorithm),
    root.subjectDer,
    writeValidity(notBefore, notAfter),
    writeName(subject),
    publicKeySpki,
    tagged(
      3,
      sequence(
        extension(OID.basicConstraints, true, sequence()),
        keyUsage(usages, key.algorithm),
        ...extendedKeyUsage(usages),
        ...san,
        extension(OID.subjectKeyIdentifier, false, octetString(sha1(key.bits))),
        authorityKeyIdentifier(root.ski),
      ),
    ),
  );
  const findings = lintLeaf({ tbs, root, maxLifetimeMs });
  if (findings.length > 0) {
    const text = findings.map(({ rule, fault }) => `${rule}: ${fault}`).join("; ");
    throw new CaError("ERR_LEAF_LINT", `the leaf was not signed: ${text}`);
  }
  const ticket = createTicket({
    root,
    tbs,
    serial,
    subject,
    subjectAlternativeNames,
    publicKeySpki,
    notBefore,
    notAfter,
  });
  // A copy: what a caller does to it does not reach what is signed.
  return { ticket, serial, notBefore, notAfter, tbs: plain(tbs) };
}

/** The key policy once more: a plan may come from elsewhere than a request. */
function readKey(spki: Uint8Array): { algorithm: LeafKeyAlgorithm; bits: Uint8Array } {
  const node = readDer(spki);
  const key = checkPublicKey(node, "public key");
  if (!key.ok) throw new CaError("ERR_LEAF_INPUT", `the public key is refused: ${key.violations[0].rule}`);
  const bits = node.children[1];
  if (bits === undefined) throw new TypeError("a checked key has no bits");
  return { algorithm: key.value.algorithm, bits: wholeOctetsOf(bits, "subjectPublicKey") };
}

function writeValidity(notBefore: Date, notAfter: Date): Uint8Array {
  try {
    return sequence(time(notBefore), time(notAfter));
  } catch (cause) {
    throw new CaError("ERR_LEAF_INPUT", "notBefore and notAfter must be dates in the years 2000 to 2099", { cause });
  }
}

const DIGITAL_SIGNATURE = 0;
const KEY_ENCIPHERMENT = 2;
const DATA_ENCIPHERMENT = 3;

/**
 * Critical; digitalSignature always, since AWS demands it. keyEncipherment and dataEncipherment are left out for EC
 * and Ed25519 keys, which cannot do either (RFC 8813, 3; RFC 8410, 5): cert-manager asks for keyEncipherment by default whatever the key, so
 * refusing would turn away every ordinary request for an EC leaf.
 */
function keyUsage(usages: readonly Usage[], algorithm: LeafKeyAlgorithm): Uint8Array {
  const canEncipher = KEY_ALGORITHMS[algorithm].kind === "RSA";
  const bits = keyUsageBits(usages).filter(
    (bit) => canEncipher || !(bit === KEY_ENCIPHERMENT || bit === DATA_ENCIPHERMENT),
  );
  return extension(OID.keyUsage, true, namedBits([...new Set([DIGITAL_SIGNATURE, ...bits])]));
}

/** Not critical, in the order of the request; absent when no purpose was asked for. */
function extendedKeyUsage(usages: readonly Usage[]): Uint8Array[] {
  const oids = extendedKeyUsageOids(usages);
  return oids.length === 0 ? [] : [extension(OID.extendedKeyUsage, false, sequence(...oids.map(objectIdentifier)))];
}
