import type { AnchorObservation, GenerationObservation } from "./observation.ts";
import type { RotationView } from "./view.ts";

/** The certificates that an anchor was read with; none before it was read. */
export function heldBy({ reading }: AnchorObservation): readonly string[] {
  return reading?.bundle ?? [];
}

export function holdsRoot(anchor: AnchorObservation, { root }: GenerationObservation): boolean {
  return heldBy(anchor).includes(root.fingerprint);
}

/** Whether the generation's CRL is in the anchor and in force. */
export function holdsCrl({ reading }: AnchorObservation, { number }: GenerationObservation): boolean {
  return reading?.crls.some(({ generation, enabled }) => generation === number && enabled) === true;
}

/** Whether the CRL that is in force is also the newest. */
export function holdsCurrentCrl({ reading }: AnchorObservation, { number }: GenerationObservation): boolean {
  return reading?.crls.some(({ generation, enabled, current }) => generation === number && enabled && current) === true;
}

/** Certificates in an anchor that are neither a generation's nor an expected stranger's. */
export function unknownIn({ byFingerprint, observation }: RotationView, anchor: AnchorObservation): readonly string[] {
  return heldBy(anchor).filter(
    (held) => !byFingerprint.has(held) && !observation.foreignRoots.some(({ fingerprint }) => fingerprint === held),
  );
}

/** Whether the last reading is later than the last write, so that it tells what became of it. */
export function isReadSinceWrite({ reading, writtenAt }: AnchorObservation): boolean {
  return reading !== undefined && (writtenAt === undefined || reading.readAt > writtenAt);
}

/** Whether the last reading is younger than that, by the clock that it was made by. */
export function isReadWithin({ observation }: RotationView, anchor: AnchorObservation, ms: number): boolean {
  const { reading } = anchor;
  return reading !== undefined && isReadSinceWrite(anchor) && Math.abs(observation.time.own - reading.readAt) < ms;
}
