import { randomFillSync } from "node:crypto";

const POOL = new Uint8Array(4_096);
let used = POOL.length;

/**
 * node:crypto's random bytes, fetched a few thousand at a time: a call for the 16 of one serial number costs as much as
 * for all of these. No byte is handed out twice, nor kept.
 */
export function pooledRandomBytes(length: number): Uint8Array {
  if (length > POOL.length) return randomFillSync(new Uint8Array(length));
  if (used + length > POOL.length) {
    randomFillSync(POOL);
    used = 0;
  }
  const bytes = POOL.slice(used, used + length);
  POOL.fill(0, used, used + length);
  used += length;
  return bytes;
}
