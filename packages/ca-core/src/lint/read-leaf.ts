import { readTbsCertificate, type CertificateExtension, type TbsCertificate } from "../certificate/read-certificate.ts";
import { expectTag, fieldsOf, namedBitsOf, oidOf, takeDefaultFalse, unsignedOf } from "../der/fields.ts";
import { contentOf, encodingOf, readDerInside, type DerNode } from "../der/read.ts";
import { TAG } from "../der/tag.ts";
import { KEY_ALGORITHMS, LEAF_KEY_ALGORITHM_NAMES, type LeafKeyAlgorithm } from "../keys/algorithms.ts";
import { KEY_IDENTIFIERS } from "../keys/canonical-spki.ts";
import { equalBytes } from "../lib/bytes.ts";
import { OID } from "../lib/oids.ts";
import { readName, type ReadName } from "../name/read-name.ts";
import { readSan, type ReadSan } from "../san/read-san.ts";

export interface BasicConstraints {
  readonly ca: boolean;
  readonly pathLength: bigint | undefined;
}

/** A TBSCertificate, and what its extensions say; a member is undefined when the certificate does not have it. */
export interface ReadLeaf {
  readonly certificate: TbsCertificate;
  readonly subject: ReadName;
  /** Undefined for a key of no known type. */
  readonly keyAlgorithm: LeafKeyAlgorithm | undefined;
  readonly basicConstraints: BasicConstraints | undefined;
  readonly keyUsage: readonly number[] | undefined;
  readonly purposes: readonly string[] | undefined;
  readonly alternativeNames: ReadSan | undefined;
}

/** Reads everything once that the rules look at. @throws DerError, CaError ERR_SERIAL */
export function readLeaf(tbs: DerNode): ReadLeaf {
  const certificate = readTbsCertificate(tbs);
  const valueOf = <T>(oid: string, read: (value: DerNode) => T): T | undefined => {
    const found: CertificateExtension | undefined = certificate.extensions.find((extension) => extension.oid === oid);
    return found === undefined ? undefined : read(found.value);
  };
  return {
    certificate,
    subject: readName(certificate.subject, "subject"),
    keyAlgorithm: keyAlgorithmOf(certificate.spki),
    basicConstraints: valueOf(OID.basicConstraints, readBasicConstraints),
    keyUsage: valueOf(OID.keyUsage, (value) => namedBitsOf(value, "KeyUsage")),
    purposes: valueOf(OID.extendedKeyUsage, readPurposes),
    alternativeNames: valueOf(OID.subjectAltName, (value) => readSan(value, "subjectAltName")),
  };
}

function readBasicConstraints(value: DerNode): BasicConstraints {
  const fields = fieldsOf(value, TAG.sequence, "BasicConstraints");
  const ca = takeDefaultFalse(fields);
  const pathLength = fields.takeOptional(TAG.integer);
  fields.end();
  return { ca, pathLength: pathLength === undefined ? undefined : unsignedOf(pathLength, "pathLenConstraint") };
}

function readPurposes(value: DerNode): string[] {
  return expectTag(value, TAG.sequence, "ExtKeyUsageSyntax").children.map((child) => oidOf(child, "KeyPurposeId"));
}

function keyAlgorithmOf(spki: DerNode): LeafKeyAlgorithm | undefined {
  const [identifier, bits] = spki.children;
  if (identifier === undefined || bits === undefined) return undefined;
  const algorithm = encodingOf(identifier);
  return LEAF_KEY_ALGORITHM_NAMES.find((name) => {
    if (!equalBytes(algorithm, KEY_IDENTIFIERS[name])) return false;
    const facts = KEY_ALGORITHMS[name];
    return facts.kind !== "RSA" || modulusBitsOf(bits) === facts.modulusBits;
  });
}

function modulusBitsOf(bits: DerNode): number {
  const [modulus] = readDerInside(bits).children;
  const octets = modulus === undefined ? new Uint8Array(0) : contentOf(modulus);
  return octets.length * 8 - (Math.clz32(octets[0] ?? 0) - 24);
}
