/** extnID of keyUsage, 2.5.29.15 (RFC 5280, 4.2.1.3). */
const keyUsageOid = Uint8Array.of(0x06, 0x03, 0x55, 0x1d, 0x0f);
const booleanTag = 0x01;
const octetStringTag = 0x04;
const bitStringTag = 0x03;

/** In the order of the extension's bits. */
const names = [
  "digital signature",
  "content commitment",
  "key encipherment",
  "data encipherment",
  "key agreement",
  "cert sign",
  "crl sign",
  "encipher only",
  "decipher only",
] as const;

/**
 * The key usages of a certificate, which Node does not show: the bits of the one extension. Empty without the extension,
 * and where its bytes are not as RFC 5280 has them.
 */
export function keyUsagesOf(der: Uint8Array): readonly string[] {
  const at = Buffer.from(der.buffer, der.byteOffset, der.byteLength).indexOf(keyUsageOid);
  if (at < 0) return [];
  const rest = der.subarray(at + keyUsageOid.length);
  const value = rest[0] === booleanTag ? rest.subarray(3) : rest;
  // OCTET STRING, its length, BIT STRING, its length, count of unused bits, one or two octets of bits.
  const [outer, , inner, length = 0] = value;
  if (outer !== octetStringTag || inner !== bitStringTag || length < 2 || length > 3) return [];
  const bits = value.subarray(5, 4 + length);
  return names.filter((_, bit) => ((bits[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0);
}

/** Purposes by their object identifiers (RFC 5280, 4.2.1.12); another one stays as it is. */
export function extendedKeyUsagesOf(oids: readonly string[] | undefined): readonly string[] {
  return (oids ?? []).map((oid) => purposes[oid] ?? oid);
}

const purposes: Readonly<Record<string, string>> = {
  "2.5.29.37.0": "any",
  "1.3.6.1.5.5.7.3.1": "server auth",
  "1.3.6.1.5.5.7.3.2": "client auth",
  "1.3.6.1.5.5.7.3.3": "code signing",
  "1.3.6.1.5.5.7.3.4": "email protection",
  "1.3.6.1.5.5.7.3.8": "timestamping",
  "1.3.6.1.5.5.7.3.9": "ocsp signing",
};
