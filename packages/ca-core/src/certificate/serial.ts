import { CaError } from "../errors.ts";
import { fromHex, toHex } from "../lib/bytes.ts";
import { quote } from "../lib/quote.ts";

/**
 * A certificate's serial number: lower-case hexadecimal, even length, no leading 00, 1 to 20 octets, not zero.
 * The one text form everywhere. (AWS's session names may show a leading `00`, which `parseSerial` takes off.)
 */
export type SerialHex = string & { readonly __brand: "SerialHex" };

/** A source of cryptographically strong random bytes. */
export type RandomBytes = (length: number) => Uint8Array;

const SERIAL_OCTETS = 16;
/** RFC 5280, 4.1.2.2 */
const MAX_SERIAL_OCTETS = 20;

/**
 * 16 random octets, the first of them 01 to 7f: a positive INTEGER of exactly 16 octets, about 127 bits of entropy.
 */
export function randomSerial(random: RandomBytes): SerialHex {
  for (;;) {
    const octets = Uint8Array.from(random(SERIAL_OCTETS));
    if (octets.length !== SERIAL_OCTETS) throw new TypeError("the source of random bytes returned too few or too many");
    octets[0] = (octets[0] ?? 0) & 0x7f;
    if (octets[0] !== 0) return toHex(octets) as SerialHex;
  }
}

/**
 * The canonical form of what a person typed or a tool printed: upper case, colons between octets, `0x`, leading zeros
 * and an odd number of digits are understood. Decimal is not: it cannot be told apart from hexadecimal.
 *
 * @throws CaError ERR_SERIAL
 * @example parseSerial("00:4F:1C") // "4f1c"
 */
export function parseSerial(text: string): SerialHex {
  const bare = text.trim().toLowerCase().replace(/^0x/, "");
  const isColonForm = /^[0-9a-f]{2}(:[0-9a-f]{2})+$/.test(bare);
  const digits = (isColonForm ? bare.replaceAll(":", "") : bare).replace(/^0+/, "");
  if (!/^[0-9a-f]+$/.test(digits)) {
    throw new CaError(
      "ERR_SERIAL",
      `serial ${quote(text)}: not a hexadecimal number above zero, as in 4f1c… or 4F:1C:…`,
    );
  }
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  if (even.length > 2 * MAX_SERIAL_OCTETS) {
    throw new CaError("ERR_SERIAL", `serial ${quote(text)}: longer than 20 octets (RFC 5280, 4.1.2.2)`);
  }
  return even as SerialHex;
}

/** Content octets of the INTEGER. A serial whose first octet is 80 or more gets a sign octet in front. */
export function serialContent(serial: SerialHex): Uint8Array {
  const octets = fromHex(serial);
  return (octets[0] ?? 0) >= 0x80 ? Uint8Array.of(0, ...octets) : octets;
}

/** The serial whose INTEGER has these content octets. @throws CaError ERR_SERIAL */
export function serialOfContent(content: Uint8Array): SerialHex {
  if ((content[0] ?? 0) >= 0x80) throw new CaError("ERR_SERIAL", "a serial number is negative (RFC 5280, 4.1.2.2)");
  // Only a sign octet can stand before the number: the strict reader has refused any other zero.
  const hex = toHex(content[0] === 0 ? content.subarray(1) : content);
  return hex.length > 0 && hex.length <= 2 * MAX_SERIAL_OCTETS && !hex.startsWith("00")
    ? (hex as SerialHex)
    : parseSerial(hex);
}
