import { formatViolations } from "@capstan/ca-core";
import { formatTime } from "@capstan/kube";
import { decideRefusal, type PolicyViolation } from "@capstan/policy";
import type { Issuance } from "../signing/issuance.ts";
import type { AskedLeaf, ReleasedBefore } from "../signing/released-before.ts";
import type { RequestViolation } from "../signing/request-violation.ts";
import { NotYet } from "./not-yet.ts";

/** Labels of a namespace are not watched for waiting requests: they are looked at again by then. */
const longestLookMs = 5 * 60_000;

/**
 * Spares requests from an edit of policy that was perhaps not meant: what an issuer has released before and now refuses
 * waits for a while, with a warning, before it fails.
 */
export class Grace {
  readonly #released: ReleasedBefore;
  readonly #now: () => Date;
  /** By uid. In memory: a restart begins anew, since it is the requester's time that is spared. */
  readonly #firstRefused = new Map<string, number>();

  constructor(options: { readonly released: ReleasedBefore; readonly now: () => Date }) {
    this.#released = options.released;
    this.#now = options.now;
  }

  /**
   * Resolves when the refusal is final.
   *
   * @throws {NotYet} while it is not
   */
  async assertFinal(
    refused: {
      readonly issuance: Issuance;
      readonly violations: readonly RequestViolation[];
      readonly asked: AskedLeaf;
    },
    signal: AbortSignal,
  ): Promise<void> {
    const { issuance, violations, asked } = refused;
    if (!violations.every(isOfPolicy)) return;
    const nowMs = this.#now().getTime();
    const firstRefusedMs = this.#firstRefused.get(issuance.uid) ?? nowMs;
    const decide = (wasReleasedBefore: boolean) =>
      decideRefusal({ violations, wasReleasedBefore, firstRefusedMs, nowMs });
    // The ledger is asked only where its answer counts.
    if (decide(true).do === "fail") return;
    const refusal = decide(await this.#released.ask(issuance, asked, signal));
    if (refusal.do === "fail") return;
    this.#firstRefused.set(issuance.uid, firstRefusedMs);
    const { kind, name } = issuance.issuer;
    throw new NotYet(
      `${kind} ${name} has released just this before and refuses it now: this fails after ${formatTime(refusal.untilMs)}, unless its policy allows it again. ${formatViolations(violations)}`,
      { isPatient: true, isWarning: true, retryAfterMs: Math.min(longestLookMs, refusal.untilMs - nowMs) },
    );
  }

  /** The request is final or gone. */
  forget(uid: string): void {
    this.#firstRefused.delete(uid);
  }
}

const ownCodes: ReadonlySet<string> = new Set([
  "ERR_DURATION",
  "ERR_REQUEST_SIZE",
  "ERR_LEDGER_SIZE",
  "ERR_LEAF_LINT",
  "ERR_LEAF_INPUT",
  "ERR_LEAF_READ_BACK",
] satisfies readonly Exclude<RequestViolation["code"], PolicyViolation["code"]>[]);

/** A revoked key is nobody's edit of a policy, and no time makes it good again. */
function isOfPolicy(violation: RequestViolation): violation is PolicyViolation {
  return violation.code !== "ERR_KEY_BLOCKED" && !ownCodes.has(violation.code);
}
