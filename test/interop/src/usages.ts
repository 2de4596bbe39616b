import type { LeafKeyAlgorithm, Usage } from "@capstan/ca-core";

/** A usage as cert-manager names it, and what it must become: written here once more, as ca-core is what is tested. */
export interface UsageRow {
  readonly name: Usage;
  /** Of keyUsage (RFC 5280, 4.2.1.3). */
  readonly bit?: number;
  /** Of extendedKeyUsage (RFC 5280, 4.2.1.12). */
  readonly purpose?: string;
  /** As openssl prints it. */
  readonly openssl: string;
}

export const USAGE_ROWS: readonly UsageRow[] = [
  { name: "signing", bit: 0, openssl: "Digital Signature" },
  { name: "digital signature", bit: 0, openssl: "Digital Signature" },
  { name: "content commitment", bit: 1, openssl: "Non Repudiation" },
  { name: "key encipherment", bit: 2, openssl: "Key Encipherment" },
  { name: "data encipherment", bit: 3, openssl: "Data Encipherment" },
  { name: "key agreement", bit: 4, openssl: "Key Agreement" },
  { name: "cert sign", bit: 5, openssl: "Certificate Sign" },
  { name: "crl sign", bit: 6, openssl: "CRL Sign" },
  { name: "encipher only", bit: 7, openssl: "Encipher Only" },
  { name: "decipher only", bit: 8, openssl: "Decipher Only" },
  { name: "any", purpose: "2.5.29.37.0", openssl: "Any Extended Key Usage" },
  { name: "server auth", purpose: "1.3.6.1.5.5.7.3.1", openssl: "TLS Web Server Authentication" },
  { name: "client auth", purpose: "1.3.6.1.5.5.7.3.2", openssl: "TLS Web Client Authentication" },
  { name: "code signing", purpose: "1.3.6.1.5.5.7.3.3", openssl: "Code Signing" },
  { name: "email protection", purpose: "1.3.6.1.5.5.7.3.4", openssl: "E-mail Protection" },
  { name: "s/mime", purpose: "1.3.6.1.5.5.7.3.4", openssl: "E-mail Protection" },
  { name: "ipsec end system", purpose: "1.3.6.1.5.5.7.3.5", openssl: "IPSec End System" },
  { name: "ipsec tunnel", purpose: "1.3.6.1.5.5.7.3.6", openssl: "IPSec Tunnel" },
  { name: "ipsec user", purpose: "1.3.6.1.5.5.7.3.7", openssl: "IPSec User" },
  { name: "timestamping", purpose: "1.3.6.1.5.5.7.3.8", openssl: "Time Stamping" },
  { name: "ocsp signing", purpose: "1.3.6.1.5.5.7.3.9", openssl: "OCSP Signing" },
  { name: "microsoft sgc", purpose: "1.3.6.1.4.1.311.10.3.3", openssl: "Microsoft Server Gated Crypto" },
  { name: "netscape sgc", purpose: "2.16.840.1.113730.4.1", openssl: "Netscape Server Gated Crypto" },
];

const DIGITAL_SIGNATURE = 0;
const KEY_AGREEMENT = 4;
const KEY_CERT_SIGN = 5;
/** What keys can do: RFC 3279, 2.3.1; RFC 8813, 3; RFC 9295, 3. */
const BITS_OF_RSA: readonly number[] = [0, 1, 2, 3, 5, 6];
const BITS_OF_EC: readonly number[] = [0, 1, 4, 5, 6, 7, 8];
const BITS_OF_ED25519: readonly number[] = [0, 1, 5, 6];
const ONLY_WITH_AGREEMENT: readonly number[] = [7, 8];
const NOT_IN_CA: readonly number[] = [2, 3];

/** Bits of keyUsage for these usages, ascending, without what the key or the rest makes meaningless. */
export function possibleBitsOf(options: {
  readonly usages: readonly Usage[];
  readonly keyAlgorithm: LeafKeyAlgorithm;
  readonly isCa: boolean;
  readonly needsDigitalSignature: boolean;
}): number[] {
  const { usages, keyAlgorithm, isCa, needsDigitalSignature } = options;
  const asked = new Set(
    USAGE_ROWS.flatMap(({ name, bit }) => (bit !== undefined && usages.includes(name) ? [bit] : [])),
  );
  if (needsDigitalSignature) asked.add(DIGITAL_SIGNATURE);
  if (isCa) asked.add(KEY_CERT_SIGN);
  const ofKey =
    keyAlgorithm === "Ed25519" ? BITS_OF_ED25519 : keyAlgorithm.startsWith("RSA") ? BITS_OF_RSA : BITS_OF_EC;
  return [...asked]
    .filter((bit) => ofKey.includes(bit) && !(isCa && NOT_IN_CA.includes(bit)))
    .filter((bit) => asked.has(KEY_AGREEMENT) || !ONLY_WITH_AGREEMENT.includes(bit))
    .sort((a, b) => a - b);
}

/** Purposes for these usages, in their order, each once. */
export function purposesOf(usages: readonly Usage[]): string[] {
  const rows = usages.map((usage) => USAGE_ROWS.find(({ name }) => name === usage));
  return [...new Set(rows.flatMap((row) => (row?.purpose === undefined ? [] : [row.purpose])))];
}

/** What openssl calls a bit or a purpose. */
export function opensslNameOf(wanted: number | string): string {
  const row = USAGE_ROWS.find(({ bit, purpose }) => bit === wanted || purpose === wanted);
  if (row === undefined) throw new RangeError(`no usage for ${wanted}`);
  return row.openssl;
}
