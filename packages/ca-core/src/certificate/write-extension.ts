import { contextPrimitive } from "../der/tag.ts";
import { DER_TRUE, objectIdentifier, octetString, sequence, tlv } from "../der/write.ts";
import { OID } from "../lib/oids.ts";

/** Extension (RFC 5280, 4.1): FALSE is the default of critical and left out. */
export function extension(oid: string, critical: boolean, value: Uint8Array): Uint8Array {
  return sequence(objectIdentifier(oid), ...(critical ? [DER_TRUE] : []), octetString(value));
}

/** authorityKeyIdentifier in its keyIdentifier form alone: issuer and serial would stand in the way of a re-issued root. */
export function authorityKeyIdentifier(keyIdentifier: Uint8Array): Uint8Array {
  return extension(OID.authorityKeyIdentifier, false, sequence(tlv(contextPrimitive(0), keyIdentifier)));
}
