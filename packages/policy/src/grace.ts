import type { CertificationRequest } from "@capstan/ca-core";
import type { PolicyViolation } from "./policy-violation.ts";

/** A leaf that an issuer has released, as the ledger has it. */
export type ReleasedNames = Pick<CertificationRequest, "subject" | "subjectAlternativeNames">;

/**
 * How long a refusal that an edit of policy may have caused waits before it is final: cert-manager asks again only 1 to 32
 * hours after a failure, and a leaf is renewed with a third of its life left.
 */
export const refusalGraceMs = 14_400_000;

/** What an administrator can change, and may have changed by mistake. Everything else is wrong with the request itself. */
const curableByEdit: ReadonlySet<PolicyViolation["code"]> = new Set([
  "ERR_POLICY_NAMESPACE",
  "ERR_POLICY_CLUSTER_REQUEST",
  "ERR_POLICY_WEBHOOK",
  "ERR_POLICY_ATTESTATION",
  "ERR_POLICY_NO_RULE",
  "ERR_POLICY_NAME",
  "ERR_POLICY_REQUIRED",
  "ERR_POLICY_DURATION",
  "ERR_POLICY_KEY",
  "ERR_POLICY_CA",
  "ERR_POLICY_VALIDATION",
  "ERR_POLICY_VALIDATION_ABORTED",
  "ERR_POLICY_SETTING",
  "ERR_USAGE_NOT_ALLOWED",
  "ERR_CA_NOT_ALLOWED",
]);

export type Refusal =
  /** The request stays Pending with a warning until then, and is decided on again by then or when a policy changes. */
  { readonly do: "wait"; readonly untilMs: number } | { readonly do: "fail" };

/**
 * Whether a refused request fails at once or waits for the administrator, who has perhaps not meant it: when the same
 * issuer has released the same names to the same namespace before, and an edit could let them pass again. One that only
 * could not be decided waits too.
 *
 * @example
 * decideRefusal({ violations, wasReleasedBefore: false, firstRefusedMs: now, nowMs: now }); // { do: "fail" }
 */
export function decideRefusal(question: {
  readonly violations: readonly PolicyViolation[];
  /** By the same issuer to the same namespace: see `hasSameNames`. */
  readonly wasReleasedBefore: boolean;
  /** When this request was first refused, in milliseconds since 1970. */
  readonly firstRefusedMs: number;
  readonly nowMs: number;
  /** Default: refusalGraceMs. */
  readonly graceMs?: number;
}): Refusal {
  const { violations, wasReleasedBefore, firstRefusedMs, nowMs, graceMs = refusalGraceMs } = question;
  const untilMs = firstRefusedMs + graceMs;
  const mayHeal = wasReleasedBefore
    ? violations.every(({ code }) => curableByEdit.has(code))
    : violations.every(({ code }) => code === "ERR_POLICY_VALIDATION_ABORTED");
  return mayHeal && nowMs < untilMs ? { do: "wait", untilMs } : { do: "fail" };
}

/**
 * Whether a leaf that was released has every name that is asked for now.
 *
 * @example
 * const wasReleasedBefore = records.some(({ spec }) => hasSameNames(namesOfRecord(spec) ?? none, request));
 */
export function hasSameNames(released: ReleasedNames, asked: ReleasedNames): boolean {
  const had = new Set(keysOf(released));
  return keysOf(asked).every((key) => had.has(key));
}

function keysOf({ subject, subjectAlternativeNames }: ReleasedNames): string[] {
  return [
    ...subject.map(({ type, value }) => `subject ${type}=${value}`),
    ...subjectAlternativeNames.map(({ kind, value }) => `${kind}:${value}`),
  ];
}
