import {
  createRoot,
  generateCaKey,
  type CaKey,
  type CreateRootOptions,
  type KeyAlgorithm,
  type Root,
} from "../../src/index.ts";

export const NOW: Date = new Date("2026-11-22T03:00:00Z");
export const MINUTE: number = 60_000;
export const HOUR: number = 60 * MINUTE;
export const DAY: number = 24 * HOUR;

export interface Authority {
  readonly root: Root;
  readonly signer: CaKey;
}

/** A CA whose root lives from an hour ago for a year. */
export async function authority(
  algorithm: KeyAlgorithm = "ECDSA-P256",
  generation = 1,
  now: Date = NOW,
  changes: Partial<CreateRootOptions> = {},
): Promise<Authority> {
  const signer = await generateCaKey(algorithm);
  const root = await createRoot({
    subject: { commonName: "Example Fleet CA", organization: "Example Corp" },
    generation,
    notBefore: new Date(now.getTime() - HOUR),
    notAfter: new Date(now.getTime() + 365 * DAY),
    signer,
    ...changes,
  });
  return { root, signer };
}
