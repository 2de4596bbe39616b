import type { AnchorSpec } from "../authority/authority-parts.ts";
import type { ReadBackCrl } from "../credentials/crl-proofs.ts";
import type { StoredCrl } from "../crl/publish-crl.ts";
import type { RotationOptions } from "./rotation-options.ts";
import type { Seen } from "./seen.ts";
import { generationOfCrl } from "./to-observation.ts";

/**
 * Tells which CRLs of ours an anchor was read back with: the newest ones, and those that it was read back with before.
 * Nothing counts as published that this process has not read back, nor what AWS has not been seen to act upon where that can
 * be tried.
 */
export function tellReadings(options: RotationOptions, seen: Seen, spec: AnchorSpec): void {
  const { readings, crls, memories } = options;
  const authority = seen.authority.metadata.name;
  const { reading } = memories.of(authority, spec);
  const anchor = spec.name;
  const readBack = (reading?.crls ?? []).flatMap((crl) => {
    const generation = generationOfCrl(seen, crl);
    const { content, enabled } = crl;
    if (reading === undefined || generation === undefined || content === undefined || !enabled) return [];
    const stored = crls.of(authority, generation)?.stored;
    const before = readings.of(authority, anchor, generation)?.crl;
    const newest = stored?.sha256 === content.sha256 ? stored : undefined;
    // While it is doubtful, what one before names counts on: the newest names it as well.
    const known =
      (newest === undefined ? undefined : countedOf(options, { authority, anchor: spec, generation }, newest)) ??
      before;
    if (newest === undefined && before?.number !== content.number) return [];
    return known === undefined ? [] : [{ authority, anchor, generation, crl: known, at: reading.readAt }];
  });
  for (const { number: generation } of seen.generations) {
    readings.doubt({ authority, anchor, generation }, options.proofs?.doubtOf({ authority, anchor: spec, generation }));
  }
  const isTold = readBack.every(
    ({ generation, crl, at }) =>
      readings.of(authority, anchor, generation)?.at === at &&
      readings.of(authority, anchor, generation)?.crl.number === crl.number,
  );
  const isForgotten = seen.generations.every(
    ({ number }) =>
      readBack.some(({ generation }) => generation === number) || readings.of(authority, anchor, number) === undefined,
  );
  if (isTold && isForgotten) return;
  readings.forget(authority, anchor);
  for (const one of readBack) readings.record(one);
}

function countedOf(
  { proofs }: RotationOptions,
  of: Omit<ReadBackCrl, "serials">,
  newest: StoredCrl,
): Pick<StoredCrl, "number" | "serials"> | undefined {
  return proofs === undefined ? newest : proofs.counted({ ...of, serials: newest.serials }, newest);
}
