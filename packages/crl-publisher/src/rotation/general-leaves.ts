import type { CertificateAuthority, GenerationMark } from "@capstan/api";
import { formatTime } from "@capstan/kube";
import type { GenerationStatus } from "../authority/authority-parts.ts";
import type { Seen, SeenGeneration } from "./seen.ts";

export function hasAnchors({ spec: { trustAnchors = [] } }: CertificateAuthority): boolean {
  return trustAnchors.length > 0;
}

/**
 * Notes of each generation that can sign whether it may have signed leaves of profile General, which an issuer does only for an
 * authority without trust anchors. Once there are anchors it notes the end of the last one, or nothing where none was signed.
 *
 * Why the end does not move any more: the authority was read before the mark (`observe`). An issuer raises the mark before
 * it signs such a leaf, and releases it only when a live read of the authority that follows shows no anchors. So of every
 * leaf that is ever released the raise came before the anchors, and is in the mark that was read here. A raise that comes later is
 * of a leaf that is not released, and must not take a root out of an anchor again that it has come into.
 *
 * @returns the generations as they are to be in status; undefined when they are so already
 */
export function noteGeneralLeaves({ authority, generations }: Seen): GenerationStatus[] | undefined {
  const isAnchored = hasAnchors(authority);
  let hasChanged = false;
  const noted = (authority.status?.generations ?? []).map((status) => {
    const { number, phase, general, ...others } = status;
    if (!isAnchored && phase === "Active" && (general === undefined || general.until !== undefined)) {
      hasChanged = true;
      return { ...status, general: {} };
    }
    if (!isAnchored || general === undefined || general.until !== undefined) return status;
    const { mark, root } = generations.find((one) => one.number === number) ?? {};
    // Without a mark nobody knows: no leaf outlives its root.
    const until = mark === undefined ? root?.notAfter : generalEndIn(mark);
    if (mark === undefined && until === undefined) return status;
    hasChanged = true;
    return until === undefined ? { ...others, number, phase } : { ...status, general: { until: formatTime(until) } };
  });
  return hasChanged ? noted : undefined;
}

/** When the last leaf of profile General ends, in milliseconds since 1970; undefined when the mark says that there is none. */
export function generalEndIn({ spec: { generalNotAfter } }: GenerationMark): number | undefined {
  return generalNotAfter === undefined ? undefined : Date.parse(generalNotAfter);
}

/**
 * Whether issuers may have signed such leaves that a mark does not tell of: one that is made anew, or one that was restored
 * from a backup. Its time of profile General goes where its other one goes then.
 */
export function mayHaveSignedGeneral(authority: CertificateAuthority, { status, mark }: SeenGeneration): boolean {
  return !hasAnchors(authority) || status?.general !== undefined || mark?.spec.generalNotAfter !== undefined;
}
