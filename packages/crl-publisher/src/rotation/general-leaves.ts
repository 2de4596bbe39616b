import type { CertificateAuthority } from "@capstan/api";
import { formatTime } from "@capstan/kube";
import type { GenerationStatus } from "../authority/authority-parts.ts";
import type { Seen } from "./seen.ts";

export function hasAnchors({ spec: { trustAnchors = [] } }: CertificateAuthority): boolean {
  return trustAnchors.length > 0;
}

/**
 * Notes of each generation that can sign whether it may have signed leaves of profile General, which an issuer does only for an
 * authority without trust anchors. When there are anchors it notes the end of the last one: marks are raised before anything is
 * signed, and issuers read the authority live before they release a leaf, so that what is released from now on is held to AWS's rules.
 *
 * @returns the generations as they are to be in status; undefined when they are so already
 */
export function noteGeneralLeaves({ authority, generations }: Seen): GenerationStatus[] | undefined {
  const isAnchored = hasAnchors(authority);
  let hasChanged = false;
  const noted = (authority.status?.generations ?? []).map((status) => {
    const { number, phase, general } = status;
    if (!isAnchored && phase === "Active" && (general === undefined || general.until !== undefined)) {
      hasChanged = true;
      return { ...status, general: {} };
    }
    if (!isAnchored || general === undefined || general.until !== undefined) return status;
    const seen = generations.find((one) => one.number === number);
    const { mark, root } = seen ?? {};
    const until = mark === undefined ? root?.notAfter : Date.parse(mark.spec.notAfter);
    if (until === undefined) return status;
    hasChanged = true;
    return { ...status, general: { until: formatTime(until) } };
  });
  return hasChanged ? noted : undefined;
}
