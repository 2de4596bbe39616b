import type { RandomBytes } from "@capstan/ca-core";
import type { Random } from "./random.ts";

/** Randomness for one serial number, and the serial that must come of it: the top bit cleared, a first octet 00 drawn again. */
export function drawSerial(random: Random): { readonly bytes: RandomBytes; readonly serial: string } {
  const octets = random.bytes(16);
  // The edges: signs, the shortest form, runs of zeros and ones.
  octets[0] = random.pick([0x01, 0x7f, 0x80 | random.between(1, 127), 0xff, random.between(1, 255)]);
  if ((octets[0] & 0x7f) === 0) octets[0] = 0x81;
  const rest = random.below(8);
  if (rest === 0) octets.fill(0x00, 1, 10);
  if (rest === 1) octets.fill(0xff, 1, 10);
  if (rest === 2) octets.fill(0x80, 1, 2);
  const draws = [...(random.oneIn(4) ? [Uint8Array.of(random.pick([0x00, 0x80]), ...random.bytes(15))] : []), octets];
  const expected = Uint8Array.of(octets[0] & 0x7f, ...octets.subarray(1));
  return {
    bytes: (length) => {
      const draw = draws.shift();
      if (draw?.length !== length) throw new RangeError("ca-core asked for other randomness than one serial's");
      return draw;
    },
    serial: Buffer.from(expected).toString("hex").replace(/^0+/, ""),
  };
}
