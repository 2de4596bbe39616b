import { createSession, RolesAnywhereError, type SessionLeaf, type SessionTarget } from "@capstan/rolesanywhere";

/** The shortest that AWS gives: nobody uses the session. */
const durationSeconds = 900;

/**
 * Whether AWS gives a session under the canary's role to a fresh leaf, and what it said.
 *
 * @param target with the canary's profile and role
 * @throws the signal's reason; whatever AWS or the network says is an outcome
 */
export async function runCanary(
  { target, leaf }: { readonly target: SessionTarget; readonly leaf: SessionLeaf },
  signal: AbortSignal,
): Promise<{ readonly passed: boolean; readonly message: string }> {
  try {
    const { assumedRoleUser } = await createSession({ ...target, ...leaf, durationSeconds }, signal);
    return { passed: true, message: `AWS gave the session ${assumedRoleUser.arn}` };
  } catch (error) {
    if (!(error instanceof RolesAnywhereError)) throw error;
    return { passed: false, message: error.message };
  }
}

/** What AWS made of a revoked leaf. */
export interface RevokedOutcome {
  /** Refused for being revoked, accepted, or neither: another refusal, or no answer. */
  readonly outcome: "Refused" | "Accepted" | "Unknown";
  readonly message: string;
}

/**
 * Whether AWS refuses a revoked leaf because it is revoked: the proof that it acts on the CRL that names it. The leaf must be
 * one that AWS would accept otherwise, so unexpired, and of a root in the trust anchor.
 *
 * @param target with the canary's profile and role
 * @throws the signal's reason; whatever AWS or the network says is an outcome
 */
export async function proveRevoked(
  { target, leaf }: { readonly target: SessionTarget; readonly leaf: SessionLeaf },
  signal: AbortSignal,
): Promise<RevokedOutcome> {
  try {
    await createSession({ ...target, ...leaf, durationSeconds }, signal);
    return { outcome: "Accepted", message: "AWS still gives sessions to a revoked leaf" };
  } catch (error) {
    if (!(error instanceof RolesAnywhereError)) throw error;
    const isRefused = error.code === "ERR_AWS_ACCESS_DENIED" && error.awsMessage === "Certificate revoked";
    return isRefused
      ? { outcome: "Refused", message: "AWS refuses the revoked leaf" }
      : { outcome: "Unknown", message: error.message };
  }
}
