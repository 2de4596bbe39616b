import type { AnchorObservation, AnchorReading, CrlReading, GenerationObservation } from "./observation.ts";
import type { RotationView } from "./view.ts";

/** The certificates that an anchor was read with; none before it was read. */
export function heldBy({ reading }: AnchorObservation): readonly string[] {
  return reading?.bundle ?? [];
}

/** The CRLs that an anchor was read with; none before it was read. */
export function crlsOf({ reading }: AnchorObservation): readonly CrlReading[] {
  return reading?.crls ?? [];
}

export function holdsRoot(anchor: AnchorObservation, { root }: GenerationObservation): boolean {
  return heldBy(anchor).includes(root.fingerprint);
}

/** Whether the generation's CRL is in the anchor and in force. */
export function holdsCrl(anchor: AnchorObservation, { number }: GenerationObservation): boolean {
  return crlsOf(anchor).some(({ generation, enabled }) => generation === number && enabled);
}

/** Whether the generation's newest CRL is in the anchor and in force. */
export function holdsCurrentCrl(anchor: AnchorObservation, { number }: GenerationObservation): boolean {
  return crlsOf(anchor).some(({ generation, enabled, current }) => generation === number && enabled && current);
}

/** Certificates in an anchor that are neither a generation's nor an expected stranger's. */
export function unknownIn({ byFingerprint, observation }: RotationView, anchor: AnchorObservation): readonly string[] {
  return heldBy(anchor).filter(
    (held) => !byFingerprint.has(held) && !observation.foreignRoots.some(({ fingerprint }) => fingerprint === held),
  );
}

/** An anchor that was read. */
export type ReadAnchor = AnchorObservation & { readonly reading: AnchorReading };

/** Whether the last reading is later than the last write, so that it tells what became of it. */
export function isReadSinceWrite(anchor: AnchorObservation): anchor is ReadAnchor {
  const { reading, writtenAt } = anchor;
  return reading !== undefined && (writtenAt === undefined || reading.readAt > writtenAt);
}

/** Whether the last reading is younger than that, by the clock that it was made by. */
export function isReadWithin({ observation }: RotationView, anchor: AnchorObservation, ms: number): boolean {
  return isReadSinceWrite(anchor) && Math.abs(observation.time.own - anchor.reading.readAt) < ms;
}
