import { DerError, DerReader, type Element, oidValue, stringValue, TAG } from "./der.ts";

/** A distinguished name: its DER, which is what names are compared by, and its attributes in certificate order. */
export interface DistinguishedName {
  readonly der: Uint8Array;
  readonly attributes: readonly NameAttribute[];
}

interface NameAttribute {
  /** Short name of the type where X.520 or RFC 4519 has one that session tags use, else the dotted OID. */
  readonly type: string;
  readonly value: string;
}

const SHORT_NAMES: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.4": "SURNAME",
  "2.5.4.5": "SERIALNUMBER",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "STREET",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "2.5.4.12": "T",
  "2.5.4.42": "GIVENNAME",
  "0.9.2342.19200300.100.1.1": "UID",
  "0.9.2342.19200300.100.1.25": "DC",
};

/** Reads a Name (RFC 5280, 4.1.2.4) from its SEQUENCE element. */
export function readName(element: Element, at: string): DistinguishedName {
  const attributes: NameAttribute[] = [];
  const rdns = new DerReader(element.content, at);
  while (!rdns.done) {
    const rdn = rdns.enter(TAG.set, "rdn");
    if (rdn.done) throw new DerError(`${at}: an RDN without attributes`);
    while (!rdn.done) {
      const attribute = rdn.enter(TAG.sequence, "attribute");
      const oid = oidValue(attribute.next(TAG.oid).content, at);
      const value = stringValue(attribute.next(), `${at}.${oid}`);
      attribute.end();
      attributes.push({ type: SHORT_NAMES[oid] ?? oid, value });
    }
  }
  return { der: element.bytes, attributes };
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, index) => octet === b[index]);
}
