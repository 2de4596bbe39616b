import { CaError, parseSerial, type SerialHex } from "@capstan/ca-core";

/** Octets of every serial number that Capstan gives: RFC 5280, 4.1.2.2 allows up to 20, and other authorities use them. */
const ownOctets = 16;

/** Why Capstan cannot have given this serial number, or undefined when it can have. */
export function whyForeign(serial: SerialHex): string | undefined {
  const octets = serial.length / 2;
  if (octets !== ownOctets) return `Capstan's serial numbers have ${ownOctets} octets, this one ${octets}`;
  if (Number.parseInt(serial.slice(0, 2), 16) >= 0x80) return "Capstan's serial numbers begin below 80";
  return undefined;
}

/**
 * What a serial number somebody pasted may mean. Hexadecimal with or without colons, `0x`, leading zeros and openssl's
 * `serial=` is one number; digits alone may also be decimal, as in AWS's Credential and in `openssl x509 -text`. Empty when it is none.
 *
 * @example readSerials("4F:1C") // ["4f1c"]
 * @example readSerials("20252") // ["020252", "4f1c"]
 */
export function readSerials(text: string): readonly SerialHex[] {
  const bare = text.trim().replace(/^serial\s*=\s*/i, "");
  const readings = /^\d+$/.test(bare) ? [bare, BigInt(bare).toString(16)] : [bare];
  return [...new Set(readings.flatMap(serialOrNone))].toSorted(
    (one, other) => Number(whyForeign(one) !== undefined) - Number(whyForeign(other) !== undefined),
  );
}

function serialOrNone(text: string): readonly SerialHex[] {
  try {
    return [parseSerial(text)];
  } catch (error) {
    if (error instanceof CaError) return [];
    throw error;
  }
}

/**
 * The serial number in a session's name, which AWS makes from it where nobody has chosen another one: hexadecimal, with a
 * leading 00 where DER has one.
 */
export function serialOfSessionName(name: string): SerialHex | undefined {
  return /^[0-9a-f]{2,42}$/.test(name) && name.length % 2 === 0 ? serialOrNone(name)[0] : undefined;
}

/** `arn:aws:sts::111122223333:assumed-role/ROLE/SESSION`; the session's name. Role names hold no slash here. */
export function sessionNameOfArn(arn: string): string | undefined {
  return /^arn:[^:]+:sts::\d{12}:assumed-role\/[^/]+\/([^/]+)$/.exec(arn)?.[1];
}
