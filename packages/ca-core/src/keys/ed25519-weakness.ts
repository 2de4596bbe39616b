import { toHex } from "../lib/bytes.ts";
import { KEY_ALGORITHMS } from "./algorithms.ts";

/** The field of Curve25519 (RFC 8032, 5.1). */
const FIELD = 2n ** 255n - 19n;

/**
 * The y coordinates of the eight points whose order divides the cofactor. For such a key there are signatures that verify
 * over many messages, and nobody needs a private key to make them.
 */
const LOW_ORDER_Y: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  FIELD - 1n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
]);

/** What is wrong with the octets of an Ed25519 public key (RFC 8032, 5.1.2), or undefined. */
export function ed25519Fault(octets: Uint8Array): string | undefined {
  const { keyBytes } = KEY_ALGORITHMS.Ed25519;
  if (octets.length !== keyBytes) return `an Ed25519 key has ${keyBytes} octets, not ${octets.length}`;
  const bigEndian = octets.toReversed();
  bigEndian[0] = (bigEndian[0] ?? 0) & 0x7f; // the top bit is the sign of x
  const y = BigInt(`0x${toHex(bigEndian)}`);
  if (y >= FIELD) return "the point is not in its canonical encoding (RFC 8032, 5.1.3)";
  return LOW_ORDER_Y.has(y) ? "the point has a low order: anybody could sign with it" : undefined;
}
