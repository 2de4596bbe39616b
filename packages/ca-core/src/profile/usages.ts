/**
 * Usages as cert-manager names them in `spec.usages`, each with the bit of keyUsage (RFC 5280, 4.2.1.3) or the object
 * identifier of extendedKeyUsage (4.2.1.12) that it stands for.
 */
export const USAGES = {
  signing: { bit: 0 },
  "digital signature": { bit: 0 },
  "content commitment": { bit: 1 },
  "key encipherment": { bit: 2 },
  "data encipherment": { bit: 3 },
  "key agreement": { bit: 4 },
  "cert sign": { bit: 5 },
  "crl sign": { bit: 6 },
  "encipher only": { bit: 7 },
  "decipher only": { bit: 8 },
  any: { oid: "2.5.29.37.0" },
  "server auth": { oid: "1.3.6.1.5.5.7.3.1" },
  "client auth": { oid: "1.3.6.1.5.5.7.3.2" },
  "code signing": { oid: "1.3.6.1.5.5.7.3.3" },
  "email protection": { oid: "1.3.6.1.5.5.7.3.4" },
  "s/mime": { oid: "1.3.6.1.5.5.7.3.4" },
  "ipsec end system": { oid: "1.3.6.1.5.5.7.3.5" },
  "ipsec tunnel": { oid: "1.3.6.1.5.5.7.3.6" },
  "ipsec user": { oid: "1.3.6.1.5.5.7.3.7" },
  timestamping: { oid: "1.3.6.1.5.5.7.3.8" },
  "ocsp signing": { oid: "1.3.6.1.5.5.7.3.9" },
  "microsoft sgc": { oid: "1.3.6.1.4.1.311.10.3.3" },
  "netscape sgc": { oid: "2.16.840.1.113730.4.1" },
} as const;

export type Usage = keyof typeof USAGES;

/** What cert-manager means by a request without usages. */
export const DEFAULT_USAGES: readonly Usage[] = ["digital signature", "key encipherment"];

export function isUsage(name: string): name is Usage {
  return Object.hasOwn(USAGES, name);
}

/** Bits of keyUsage, ascending, each once. */
export function keyUsageBits(usages: readonly Usage[]): number[] {
  const bits = usages.flatMap((name): number[] => {
    const meaning = USAGES[name];
    return "bit" in meaning ? [meaning.bit] : [];
  });
  return [...new Set(bits)].sort((a, b) => a - b);
}

/** Object identifiers of extendedKeyUsage, in the order of the request, each once. */
export function extendedKeyUsageOids(usages: readonly Usage[]): string[] {
  const oids = usages.flatMap((name): string[] => {
    const meaning = USAGES[name];
    return "oid" in meaning ? [meaning.oid] : [];
  });
  return [...new Set(oids)];
}

/** A usage's name for a bit of keyUsage; undefined for bits that RFC 5280 does not assign. */
export function usageOfBit(bit: number): Usage | undefined {
  return USAGE_BY_BIT.get(bit);
}

/** A usage's name for an object identifier of extendedKeyUsage; undefined for one that cert-manager has no name for. */
export function usageOfOid(oid: string): Usage | undefined {
  return USAGE_BY_OID.get(oid);
}

// The later of two names for one thing wins above the earlier: "digital signature" over "signing".
const USAGE_BY_BIT: ReadonlyMap<number, Usage> = new Map(
  (Object.keys(USAGES) as Usage[]).flatMap((name) => keyUsageBits([name]).map((bit) => [bit, name] as const)),
);
const USAGE_BY_OID: ReadonlyMap<string, Usage> = new Map(
  (Object.keys(USAGES) as Usage[]).flatMap((name) => extendedKeyUsageOids([name]).map((oid) => [oid, name] as const)),
);
