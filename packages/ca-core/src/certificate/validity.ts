export interface ValidityQuestion {
  readonly now: Date;
  /** What the request asks for, in milliseconds. */
  readonly requestedMs: number;
  /** The longest that the CertificateAuthority allows, in milliseconds. */
  readonly maxMs: number;
  /** What to do with a request for more: as the issuer's `spec.overMaximum`. */
  readonly overMaximum: "Refuse" | "Clamp";
  readonly root: { readonly notBefore: Date; readonly notAfter: Date };
  /** Less than this is not worth issuing. Default: ten minutes. */
  readonly minMs?: number;
}

export type Validity =
  | { readonly ok: true; readonly notBefore: Date; readonly notAfter: Date; readonly clampedTo?: "maximum" | "root" }
  | { readonly ok: false; readonly reason: "not-a-duration" | "under-minimum" | "over-maximum" }
  /** The root ends too soon, or has not begun: this heals with time or with the next generation. */
  | { readonly ok: false; readonly reason: "too-little-left" | "root-not-yet-valid" };

const MAX_BACKDATE_MS = 5 * 60_000;
const DEFAULT_MIN_MS = 10 * 60_000;
/** No leaf ends in the last minutes of its root, where clocks that differ would see one valid and the other not. */
const ROOT_MARGIN_MS = 5 * 60_000;

/**
 * When a leaf begins and ends. It begins up to five minutes ago, for verifiers whose clock is behind, and both ends are
 * shifted so that notAfter - notBefore is the duration asked for; a twelfth of the duration at most, so that a short
 * leaf keeps most of its life. Whole seconds. It ends at the latest five minutes before its root.
 *
 * @example
 * chooseValidity({ now, requestedMs: 86_400_000, maxMs: 604_800_000, overMaximum: "Refuse", root });
 */
export function chooseValidity(question: ValidityQuestion): Validity {
  const { now, requestedMs, maxMs, overMaximum, root, minMs = DEFAULT_MIN_MS } = question;
  if (!(Number.isFinite(requestedMs) && requestedMs > 0)) return { ok: false, reason: "not-a-duration" };
  if (requestedMs < minMs) return { ok: false, reason: "under-minimum" };
  if (requestedMs > maxMs && overMaximum === "Refuse") return { ok: false, reason: "over-maximum" };
  // A clock that gives no time (NaN) fails this comparison too.
  if (!(now.getTime() >= root.notBefore.getTime())) return { ok: false, reason: "root-not-yet-valid" };

  const durationMs = floorToSecond(Math.min(requestedMs, maxMs));
  if (durationMs === 0) return { ok: false, reason: "under-minimum" };
  const backdateMs = Math.min(MAX_BACKDATE_MS, durationMs / 12);
  const begin = Math.max(floorToSecond(now.getTime() - backdateMs), root.notBefore.getTime());
  const lastEnd = floorToSecond(root.notAfter.getTime() - ROOT_MARGIN_MS);
  const end = Math.min(begin + durationMs, lastEnd);
  const isCutByRoot = end < begin + durationMs;
  if (isCutByRoot && end - now.getTime() < minMs) return { ok: false, reason: "too-little-left" };

  const validity = { ok: true, notBefore: new Date(begin), notAfter: new Date(end) } as const;
  if (isCutByRoot) return { ...validity, clampedTo: "root" };
  return requestedMs > maxMs ? { ...validity, clampedTo: "maximum" } : validity;
}

function floorToSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
