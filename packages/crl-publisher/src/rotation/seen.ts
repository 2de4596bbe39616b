import type { CertificateAuthority, GenerationMark } from "@capstan/api";
import type { ClockReadings } from "@capstan/ca-core";
import type { GenerationStatus } from "../authority/authority-parts.ts";
import type { FoundGeneration } from "../authority/generation-store.ts";

/** An authority with all that Kubernetes holds of it, read live for one decision. Writes are guarded by what is in it. */
export interface Seen {
  readonly authority: CertificateAuthority;
  /** Every generation of status or Secrets. */
  readonly generations: readonly SeenGeneration[];
  /** The highest number ever seen in status, Secrets and marks; 0 for none. */
  readonly highestNumber: number;
  /** Whether every issuer of the authority has said that it stands still for the present hold. */
  readonly standsStill: boolean;
  readonly time: Omit<ClockReadings, "highWater">;
}

export interface SeenGeneration {
  readonly number: number;
  /** Undefined for a Secret that status does not know yet. */
  readonly status: GenerationStatus | undefined;
  /** Instants in milliseconds since 1970. */
  readonly root: { readonly fingerprint: string; readonly notBefore: number; readonly notAfter: number };
  readonly found: FoundGeneration;
  readonly mark: GenerationMark | undefined;
}

export function generationOf({ generations }: Seen, number: number): SeenGeneration {
  const found = generations.find((generation) => generation.number === number);
  if (found === undefined) throw new TypeError(`generation ${number} was not seen`);
  return found;
}
