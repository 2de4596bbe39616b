import type { KeyKind } from "../keys/algorithms.ts";

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
const DEFAULT_USAGES: readonly Usage[] = ["digital signature", "key encipherment"];

/**
 * `spec.usages` as this package knows them, or cert-manager's default. For requests that the profile let pass.
 *
 * @example
 * usagesOf([]) // ["digital signature", "key encipherment"]
 */
export function usagesOf(names: readonly string[] | undefined): readonly Usage[] {
  return names === undefined || names.length === 0 ? DEFAULT_USAGES : names.filter(isUsage);
}

/**
 * @example
 * isUsage("client auth") // true
 */
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

/** Bits of keyUsage by their names in RFC 5280, 4.2.1.3. */
export const KEY_USAGE_BIT = {
  digitalSignature: 0,
  nonRepudiation: 1,
  keyEncipherment: 2,
  dataEncipherment: 3,
  keyAgreement: 4,
  keyCertSign: 5,
  cRLSign: 6,
  encipherOnly: 7,
  decipherOnly: 8,
} as const;

/** What a key of each kind can do: RFC 3279, 2.3.1 and RFC 4055, 1.2; RFC 8813, 3; RFC 9295, 3. */
const POSSIBLE_BITS: { readonly [kind in KeyKind]: ReadonlySet<number> } = {
  RSA: new Set([0, 1, 2, 3, 5, 6]),
  EC: new Set([0, 1, 4, 5, 6, 7, 8]),
  Ed25519: new Set([0, 1, 5, 6]),
};

/** Bits that say more about keyAgreement, and mean nothing without it (RFC 5280, 4.2.1.3). */
const ONLY_WITH_AGREEMENT: ReadonlySet<number> = new Set([KEY_USAGE_BIT.encipherOnly, KEY_USAGE_BIT.decipherOnly]);
/** RFC 3279, 2.3.1 recommends to leave these out of CA certificates. */
const NOT_IN_CA: ReadonlySet<number> = new Set([KEY_USAGE_BIT.keyEncipherment, KEY_USAGE_BIT.dataEncipherment]);

export interface KeyUsageQuestion {
  readonly usages: readonly Usage[];
  readonly kind: KeyKind;
  readonly isCa: boolean;
  readonly needsDigitalSignature: boolean;
}

/**
 * The bits of a leaf's keyUsage, ascending. What the key cannot do is left out rather than refused: cert-manager asks for
 * key encipherment by default whatever the key, so refusing would turn away every ordinary request for an EC leaf. A
 * CA certificate always has keyCertSign (RFC 5280, 4.2.1.3); that no other has it, profile and lint see to.
 */
export function possibleKeyUsageBits({ usages, kind, isCa, needsDigitalSignature }: KeyUsageQuestion): number[] {
  const always = [
    ...(needsDigitalSignature ? [KEY_USAGE_BIT.digitalSignature] : []),
    ...(isCa ? [KEY_USAGE_BIT.keyCertSign] : []),
  ];
  const asked = [...new Set([...always, ...keyUsageBits(usages)])].sort((a, b) => a - b);
  return asked.filter((bit) => isPossibleBit(bit, asked, { kind, isCa }));
}

/** Whether a key of this kind can do what a bit says, given the other bits. */
export function isPossibleBit(
  bit: number,
  bits: readonly number[],
  { kind, isCa }: Pick<KeyUsageQuestion, "kind" | "isCa">,
): boolean {
  if (!POSSIBLE_BITS[kind].has(bit) || (isCa && NOT_IN_CA.has(bit))) return false;
  return bits.includes(KEY_USAGE_BIT.keyAgreement) || !ONLY_WITH_AGREEMENT.has(bit);
}

/** The bits that each purpose needs one of (RFC 5280, 4.2.1.12); a purpose that is not listed goes with every bit. */
const BITS_OF_PURPOSE: { readonly [oid: string]: readonly number[] } = {
  [USAGES["server auth"].oid]: [0, 2, 4],
  [USAGES["client auth"].oid]: [0, 4],
  [USAGES["code signing"].oid]: [0],
  [USAGES["email protection"].oid]: [0, 1, 2, 4],
  [USAGES.timestamping.oid]: [0, 1],
  [USAGES["ocsp signing"].oid]: [0, 1],
};

/** Whether some purpose goes with some bit: else the certificate must not be used for anything (RFC 5280, 4.2.1.12). */
export function isConsistent(bits: readonly number[], purposes: readonly string[]): boolean {
  if (bits.length === 0 || purposes.length === 0) return true;
  return purposes.some((oid) => BITS_OF_PURPOSE[oid]?.some((bit) => bits.includes(bit)) ?? true);
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
