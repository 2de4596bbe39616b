import { type KeyObject, X509Certificate } from "node:crypto";
import type { CertifiedNames, NamePart } from "../check/session-attributes.ts";
import { Unreadable } from "./unreadable.ts";

/** What AWS looks at in a certificate. */
export interface LeafFacts {
  readonly certificate: X509Certificate;
  readonly names: CertifiedNames;
  readonly hasDigitalSignature: boolean;
}

/** Reads the first certificate of a PEM text. @throws {Unreadable} */
export function readLeafFacts(pem: string, label: string): LeafFacts {
  const certificate = parse(pem, label);
  const { subject, issuer } = certificate.toLegacyObject();
  return {
    certificate,
    names: {
      subject: partsOf(subject),
      issuer: partsOf(issuer),
      alternativeNames: alternativeNamesOf(certificate.subjectAltName),
      serial: certificate.serialNumber.toLowerCase(),
    },
    hasDigitalSignature: hasDigitalSignature(certificate.raw),
  };
}

function parse(pem: string, label: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new Unreadable(`${label} holds no certificate that can be read`);
  }
}

/** By attribute type; a type that is there twice has a list. */
function partsOf(name: unknown): readonly NamePart[] {
  return Object.entries((name ?? {}) as Readonly<Record<string, string | readonly string[]>>).flatMap(
    ([type, values]) => [values].flat().map((value) => ({ type, value })),
  );
}

/** `DNS:a, URI:"b,c"`: a value with a comma stands as JSON (Node: X509Certificate.subjectAltName). */
function alternativeNamesOf(text: string | undefined): CertifiedNames["alternativeNames"] {
  return [...(text ?? "").matchAll(/(?:^|, )(?<kind>[A-Za-z ]+):(?<value>"(?:[^"\\]|\\.)*"|[^,]*)/g)].map(
    ({ groups }) => {
      const { kind = "", value = "" } = groups ?? {};
      return { kind, value: value.startsWith('"') ? String(JSON.parse(value)) : value };
    },
  );
}

/** extnID of keyUsage, 2.5.29.15 (RFC 5280, 4.2.1.3). */
const keyUsageOid = Uint8Array.of(0x06, 0x03, 0x55, 0x1d, 0x0f);
const bitStringTag = 0x03;

/** Node shows purposes and no key usage: the first bit of the extension's BIT STRING. */
function hasDigitalSignature(der: Uint8Array): boolean {
  const at = Buffer.from(der).indexOf(keyUsageOid);
  if (at < 0) return false;
  // OID, perhaps `critical`, then OCTET STRING with a BIT STRING of one or two octets.
  const rest = der.subarray(at + keyUsageOid.length, at + keyUsageOid.length + 12);
  const bits = rest.indexOf(bitStringTag, rest[0] === 0x01 ? 3 : 0);
  return bits >= 0 && ((rest[bits + 3] ?? 0) & 0x80) !== 0;
}

/** Whether the key is the certificate's own. */
export function isKeyOf({ certificate }: LeafFacts, key: KeyObject): boolean {
  return certificate.checkPrivateKey(key);
}
