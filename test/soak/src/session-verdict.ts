import { RolesAnywhereError } from "@capstan/rolesanywhere";

/**
 * What AWS made of a leaf. `expired` is nobody's fault; `unanswered` tells nothing of the leaf, since something else came in
 * between.
 */
export type Verdict = "accepted" | "refused" | "expired" | "unanswered";

/**
 * Judges how a CreateSession ended.
 *
 * @param error what it was rejected with; undefined when it was not
 * @param question.notAfter of the leaf, milliseconds since 1970 of the run's time
 * @param question.answeredAt by the same time. A leaf that had ended by then may have ended before it was looked at.
 */
export function verdictOn(
  error: unknown,
  { notAfter, answeredAt }: { readonly notAfter: number; readonly answeredAt: number },
): Verdict {
  if (error === undefined) return "accepted";
  if (!(error instanceof RolesAnywhereError) || error.code !== "ERR_AWS_ACCESS_DENIED") return "unanswered";
  // The request was on its way for minutes of the run's time: on a busy machine those are seconds.
  if (error.awsMessage?.startsWith("Signature ") === true) return "unanswered";
  return answeredAt < notAfter ? "refused" : "expired";
}
