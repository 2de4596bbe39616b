import { createHash } from "node:crypto";
import type { SigningRequest } from "../../src/index.ts";

/** What a signer is asked for when these bytes are to be signed with SHA-256. */
export function signingRequest(message: Uint8Array): SigningRequest {
  return { hash: "sha256", message, digest: () => createHash("sha256").update(message).digest() };
}
