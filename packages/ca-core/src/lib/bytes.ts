import { hash } from "node:crypto";

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/** Lower case, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** `hex` must have been checked: an even number of hexadecimal digits. */
export function fromHex(hex: string): Uint8Array {
  return plain(Buffer.from(hex, "hex"));
}

/** A Uint8Array that is not a Buffer and shares no pool with other data. */
export function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

export function sha256Hex(bytes: Uint8Array): string {
  return hash("sha256", bytes, "hex");
}

/** Subject and authority key identifier: SHA-1 of the public key's bits (RFC 5280, 4.2.1.2, method 1). Not a signature. */
export function sha1(bytes: Uint8Array): Uint8Array {
  return plain(hash("sha1", bytes, "buffer"));
}
