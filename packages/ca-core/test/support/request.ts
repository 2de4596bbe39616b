import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { encodePem } from "../../src/der/pem.ts";
import { TAG } from "../../src/der/tag.ts";
import { bitString, objectIdentifier, octetString, sequence, setOf, tagged, tlv } from "../../src/der/write.ts";
import {
  checkAgainstProfile,
  checkCertificationRequest,
  type ProfileQuestion,
  type ViolationCode,
} from "../../src/index.ts";
import { SIGNATURE_ALGORITHM_DER } from "../../src/keys/algorithms.ts";
import { OID } from "../../src/lib/oids.ts";
import { writeName } from "../../src/name/write-name.ts";

/** Made once per test file. */
export const EC_KEY: KeyObject = generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey;

export interface RequestParts {
  readonly version?: Uint8Array;
  /** Name, DER. */
  readonly subject?: Uint8Array;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki?: Uint8Array;
  /** Attributes, DER each. */
  readonly attributes?: readonly Uint8Array[];
  /** Instead of [0] with the attributes. */
  readonly rawAttributes?: Uint8Array;
  /** Members that a CertificationRequestInfo does not have. */
  readonly extraInfo?: readonly Uint8Array[];
  readonly signatureAlgorithm?: Uint8Array;
  /** What stands as the signature; by default an honest one by EC_KEY. */
  readonly signature?: (info: Uint8Array) => Uint8Array;
  /** Instead of the BIT STRING with the signature. */
  readonly rawSignature?: Uint8Array;
}

/** A PKCS#10 request, DER. Without parts it is one that is accepted: CN=web.demo, P-256. */
export function requestDer(parts: RequestParts = {}): Uint8Array {
  const info = sequence(
    parts.version ?? Uint8Array.of(TAG.integer, 1, 0),
    parts.subject ?? writeName([{ type: "CN", value: "web.demo" }]),
    parts.spki ?? spkiOf(EC_KEY),
    parts.rawAttributes ?? tagged(0, ...(parts.attributes ?? []).toSorted((a, b) => Buffer.compare(a, b))),
    ...(parts.extraInfo ?? []),
  );
  const signature = (parts.signature ?? ((bytes: Uint8Array) => sign("sha256", bytes, EC_KEY)))(info);
  const algorithm = parts.signatureAlgorithm ?? SIGNATURE_ALGORITHM_DER.EC.sha256;
  return sequence(info, algorithm, parts.rawSignature ?? bitString(signature));
}

/** What a private key of any kind signs with, and says so. */
export function possessionBy(
  key: KeyObject,
): Required<Pick<RequestParts, "spki" | "signatureAlgorithm" | "signature">> {
  const spki = spkiOf(key);
  if (key.asymmetricKeyType === "ed25519") {
    const signatureAlgorithm = sequence(objectIdentifier(OID.ed25519));
    return { spki, signatureAlgorithm, signature: (info) => sign(null, info, key) };
  }
  const kind = key.asymmetricKeyType === "rsa" ? "RSA" : "EC";
  const signatureAlgorithm = SIGNATURE_ALGORITHM_DER[kind].sha256;
  return { spki, signatureAlgorithm, signature: (info) => sign("sha256", info, key) };
}

/** A request by this key, with its proof of possession. */
export function honestRequest(key: KeyObject, parts: RequestParts = {}): string {
  return requestPem({ ...possessionBy(key), ...parts });
}

export function requestPem(parts: RequestParts = {}): string {
  return asPem(requestDer(parts));
}

export function asPem(der: Uint8Array): string {
  return encodePem("CERTIFICATE REQUEST", der);
}

export function spkiOf(key: KeyObject): Uint8Array {
  return Uint8Array.from(createPublicKey(key as never).export({ format: "der", type: "spki" }));
}

export function attribute(oid: string, ...values: readonly Uint8Array[]): Uint8Array {
  return sequence(objectIdentifier(oid), setOf(...values));
}

export function extensionRequest(...extensions: readonly Uint8Array[]): Uint8Array {
  return attribute(OID.extensionRequest, sequence(...extensions));
}

/** An Extension whose value is any bytes. */
export function rawExtension(oid: string, value: Uint8Array, critical?: Uint8Array): Uint8Array {
  return sequence(objectIdentifier(oid), ...(critical === undefined ? [] : [critical]), octetString(value));
}

/** A request for these GeneralNames: context tag and content. */
export function requestWithSan(...names: readonly (readonly [tag: number, content: string | Uint8Array])[]): string {
  const list = names.map(([tag, content]) =>
    tlv(tag, typeof content === "string" ? Buffer.from(content, "latin1") : content),
  );
  return requestPem({ attributes: [extensionRequest(rawExtension(OID.subjectAltName, sequence(...list)))] });
}

/** A request with one attribute per RDN, given as type and value. */
export function requestWithSubject(...attributes: readonly (readonly [type: string, value: string])[]): string {
  return requestPem({ subject: writeName(attributes.map(([type, value]) => ({ type, value }))) });
}

/** A Name of one RDN with one attribute, whose value is any TLV. */
export function rawName(type: string, value: Uint8Array): Uint8Array {
  return sequence(setOf(sequence(objectIdentifier(type), value)));
}

/** Codes from the check of the request and, when that passes, from the profile; sorted. Empty: accepted. */
export function codesOf(pem: string | Uint8Array, question: Omit<ProfileQuestion, "request"> = {}): ViolationCode[] {
  const checked = checkCertificationRequest(pem);
  const violations = checked.ok ? checkAgainstProfile({ request: checked.value, ...question }) : checked.violations;
  return violations.map(({ code }) => code).sort();
}

/** GeneralNames of kind dNSName, all different. */
export function manyNames(count: number): [tag: number, content: string][] {
  return Array.from({ length: count }, (_, i) => [0x82, `n${i}`]);
}

/**
 * A row of the catalogue of hostile requests: its id there, what is wrong, the request, the codes expected in profile
 * RolesAnywhere, and in General where they are others. No code: accepted.
 */
export type HostileRow = readonly [
  id: string,
  fact: string,
  input: () => string | Uint8Array,
  codes: readonly ViolationCode[],
  more?: {
    readonly general?: readonly ViolationCode[];
    /** What was asked beside the request. */
    readonly question?: Omit<ProfileQuestion, "request" | "profile">;
  },
];
