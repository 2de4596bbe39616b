/** Consecutive addresses of one family: a network, or a single address. */
export interface AddressRange {
  readonly bits: 32 | 128;
  readonly first: bigint;
  readonly last: bigint;
}

export type ParsedRange =
  | { readonly ok: true; readonly range: AddressRange }
  | { readonly ok: false; readonly fault: { readonly rule: string; readonly cure?: string } };

interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/**
 * Reads an address or a network in CIDR form (RFC 4632, 3.1; RFC 4291, 2.3). An address inside a network, with bits set
 * behind its prefix, is refused: either the one or the other was meant.
 *
 * @example parseRange("10.0.0.0/8")
 */
export function parseRange(text: string): ParsedRange {
  const [addressText = "", prefixText, ...more] = text.split("/");
  const address = parseAddress(addressText);
  if (address === undefined || more.length > 0) {
    return refuse("it is neither an IP address nor a network", "write 10.0.0.1, 10.0.0.0/8, fd00::1 or fd00::/8");
  }
  const { bits, value } = address;
  if (prefixText === undefined) return { ok: true, range: { bits, first: value, last: value } };
  const prefix = Number(prefixText);
  if (!/^(0|[1-9]\d{0,2})$/.test(prefixText) || prefix > bits) {
    return refuse(`a prefix of a network is a number from 0 to ${bits}`);
  }
  const rest = (1n << BigInt(bits - prefix)) - 1n;
  if ((value & rest) !== 0n) {
    return refuse(
      `the address has bits set behind the first ${prefix}`,
      `write the network's first address, or ${addressText} alone`,
    );
  }
  return { ok: true, range: { bits, first: value, last: value | rest } };
}

function refuse(rule: string, cure?: string): ParsedRange {
  return { ok: false, fault: { rule, ...(cure === undefined ? {} : { cure }) } };
}

/** Whether the range holds an address, given as text; no text but an address is held by any. */
export function holdsAddress(range: AddressRange, text: string): boolean {
  const address = parseAddress(text);
  return (
    address !== undefined && address.bits === range.bits && range.first <= address.value && address.value <= range.last
  );
}

function parseAddress(text: string): Address | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): Address | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) {
    return undefined;
  }
  return { bits: 32, value: join(parts.map(Number), 8n) };
}

/** Without the forms that end in an IPv4 address (RFC 4291, 2.2.3). */
function parseIpv6(text: string): Address | undefined {
  const [head = "", tail, ...more] = text.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = 8 - left.length - right.length;
  if (more.length > 0 || (tail === undefined ? missing !== 0 : missing < 1)) return undefined;
  const groups = [...left, ...Array.from({ length: missing }, () => "0"), ...right];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return {
    bits: 128,
    value: join(
      groups.map((group) => Number.parseInt(group, 16)),
      16n,
    ),
  };
}

function join(parts: readonly number[], bits: bigint): bigint {
  return parts.reduce((value, part) => (value << bits) | BigInt(part), 0n);
}
