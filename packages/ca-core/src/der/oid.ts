import { DerError } from "../errors.ts";

const MAX_ARCS = 16;

/**
 * The dotted form of the object identifier whose content octets are `source[start, end)`.
 * Arcs are bounded to 2^53 - 1 and their number to 16: no identifier in use in X.509 comes near.
 */
export function decodeOid(source: Uint8Array, start: number, end: number): string {
  const fail = (offset: number, rule: string): DerError => new DerError("ERR_DER_OID", offset, rule);
  if (start === end) throw fail(start, "OBJECT IDENTIFIER without content (X.690, 8.19)");
  let text = "";
  let arcs = 0;
  let arc = 0;
  let arcStart = start;
  for (let at = start; at < end; at += 1) {
    const octet = source[at] ?? 0;
    if (at === arcStart && octet === 0x80) {
      throw fail(at, "arc of an OBJECT IDENTIFIER is not in its shortest form (X.690, 8.19.2)");
    }
    arc = arc * 128 + (octet & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER) throw fail(arcStart, "arc of an OBJECT IDENTIFIER is over 2^53 - 1");
    if (octet >= 0x80) continue;
    if (arcs === 0) {
      const first = Math.min(Math.floor(arc / 40), 2);
      text = `${first}.${arc - first * 40}`;
      arcs = 2;
    } else {
      text += `.${arc}`;
      arcs += 1;
    }
    if (arcs > MAX_ARCS) throw fail(start, `OBJECT IDENTIFIER of more than ${MAX_ARCS} arcs`);
    arc = 0;
    arcStart = at + 1;
  }
  if (arcStart !== end) throw fail(arcStart, "last arc of an OBJECT IDENTIFIER is cut off (X.690, 8.19.2)");
  return text;
}

/** Content octets of a dotted object identifier. For constants of this package: the text is not checked. */
export function encodeOid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const octets: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    if (arc < 128) octets.push(arc);
    else octets.push(...encodeLongArc(arc));
  }
  return new Uint8Array(octets);
}

/** In base 128, the highest digit first; all but the last have their top bit set (X.690, 8.19.2). */
function encodeLongArc(arc: number): number[] {
  const octets = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) octets.unshift((rest % 128) | 0x80);
  return octets;
}
