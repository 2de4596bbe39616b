import { randomBytes } from "node:crypto";

/** 16 random octets in hex, the first of them 01 to 7f. */
export function newSerial(): string {
  const octets = randomBytes(16);
  octets[0] = ((octets[0] ?? 0) & 0x7f) | 1;
  return octets.toString("hex");
}
