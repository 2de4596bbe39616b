import type { AnchorSpec } from "../authority/authority-parts.ts";
import type { ReadBackCrl } from "../credentials/crl-proofs.ts";
import type { RotationOptions } from "./rotation-options.ts";
import type { Seen } from "./seen.ts";
import { untilEnded } from "./side-by-side.ts";
import { generationOfCrl } from "./to-observation.ts";

/** Asks AWS whether it acts on the newest CRLs, where anchors were read back with them and it is not known yet. */
export async function proveCrls(options: RotationOptions, seen: Seen, signal: AbortSignal): Promise<void> {
  const { proofs } = options;
  if (proofs === undefined) return;
  await untilEnded(
    newestReadBack(options, seen).map((crl) => proofs.ask(crl, signal)),
    options,
  );
}

/** Until AWS is to be asked again, milliseconds; infinite when it is not. */
export function untilNextProofMs(options: RotationOptions, seen: Seen): number {
  const waits = newestReadBack(options, seen).map((crl) => options.proofs?.waitMs(crl) ?? Number.POSITIVE_INFINITY);
  return Math.min(Number.POSITIVE_INFINITY, ...waits);
}

function newestReadBack({ memories, crls }: RotationOptions, seen: Seen): readonly ReadBackCrl[] {
  const { metadata, spec } = seen.authority;
  const authority = metadata.name;
  const of = (anchor: AnchorSpec): readonly ReadBackCrl[] =>
    (memories.of(authority, anchor).reading?.crls ?? []).flatMap((crl) => {
      const generation = generationOfCrl(seen, crl);
      const stored = generation === undefined ? undefined : crls.of(authority, generation)?.stored;
      const isNewest = crl.enabled && stored !== undefined && stored.sha256 === crl.content?.sha256;
      return generation === undefined || !isNewest ? [] : [{ authority, anchor, generation, serials: stored.serials }];
    });
  return (spec.trustAnchors ?? []).flatMap(of);
}
