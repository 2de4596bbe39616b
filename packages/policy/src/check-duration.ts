import { DurationError, formatDuration, parseDuration } from "@capstan/api";
import type { IssuerSpec } from "./name-rules.ts";
import type { PolicyViolation } from "./policy-violation.ts";

/** Shorter leaves would be used up by clock differences and renewal. */
export const minLeafDurationMs = 600_000;

export type GrantedDuration =
  | { readonly ok: true; readonly durationMs: number; readonly notes: readonly string[] }
  | { readonly ok: false; readonly violation: PolicyViolation };

/** How long the leaf may live, before it is cut to the end of its root. */
export function grantDuration(question: {
  /** `spec.duration` of the CertificateRequest in milliseconds; undefined when it has none. */
  readonly askedMs: number | undefined;
  readonly issuer: { readonly kind: string; readonly spec: IssuerSpec };
  /** `spec.maxLeafDuration` of the CertificateAuthority. */
  readonly maximum: string;
}): GrantedDuration {
  const { askedMs, issuer } = question;
  const max = maximumOf(issuer, question.maximum);
  if (!max.ok) return max;
  if (askedMs === undefined) {
    const byDefault = readSetting(issuer.spec.defaultDuration, `${issuer.kind}: spec.defaultDuration`);
    if (!byDefault.ok) return byDefault;
    // Nobody asked for more than is allowed, so there is nobody to refuse.
    const note = `The issuer's defaultDuration ${issuer.spec.defaultDuration} is over ${max.whose}: issued for ${max.text}`;
    if (byDefault.durationMs > max.durationMs) return { ok: true, durationMs: max.durationMs, notes: [note] };
    return byDefault;
  }
  const refused = (rule: string, cure: string): GrantedDuration => ({
    ok: false,
    violation: { code: "ERR_POLICY_DURATION", field: "spec.duration", rule, cure },
  });
  if (!Number.isSafeInteger(askedMs)) return refused("it is not a duration", 'write a Go duration such as "24h"');
  const asked = formatDuration(askedMs);
  if (askedMs < minLeafDurationMs) {
    return refused(`${asked} is under the minimum of ${formatDuration(minLeafDurationMs)}`, "ask for a longer one");
  }
  if (askedMs <= max.durationMs) return { ok: true, durationMs: askedMs, notes: [] };
  if (issuer.spec.overMaximum === "Clamp") {
    const note = `Asked for ${asked}, issued for ${max.text}: ${max.whose}`;
    return { ok: true, durationMs: max.durationMs, notes: [note] };
  }
  return refused(
    `${asked} is over ${max.whose} of ${max.text}`,
    `ask for ${max.text} or less, or have an administrator set overMaximum: Clamp on the ${issuer.kind}`,
  );
}

type Maximum =
  | { readonly ok: true; readonly durationMs: number; readonly text: string; readonly whose: string }
  | Extract<GrantedDuration, { readonly ok: false }>;

/** The authority's bound, or the issuer's where that is lower. */
function maximumOf(
  { kind, spec }: { readonly kind: string; readonly spec: IssuerSpec },
  authorityMax: string,
): Maximum {
  const byAuthority = readSetting(authorityMax, "CertificateAuthority: spec.maxLeafDuration");
  if (!byAuthority.ok) return byAuthority;
  const outer = { ...byAuthority, text: authorityMax, whose: "the authority's maxLeafDuration" };
  if (spec.maxDuration === undefined) return outer;
  const byIssuer = readSetting(spec.maxDuration, `${kind}: spec.maxDuration`);
  if (!byIssuer.ok) return byIssuer;
  return byIssuer.durationMs < byAuthority.durationMs
    ? { ...byIssuer, text: spec.maxDuration, whose: "the issuer's maxDuration" }
    : outer;
}

/** A duration that an administrator wrote. */
export function readSetting(text: string, field: string): GrantedDuration {
  try {
    return { ok: true, durationMs: parseDuration(text), notes: [] };
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    return { ok: false, violation: { code: "ERR_POLICY_SETTING", field, rule: error.message } };
  }
}
