import { type Revocation, revocationResource } from "@capstan/api";
import { type Clock, type KubeClient, KubeConnectionError, keyOf } from "@capstan/kube";
import { printable } from "../output/printable.ts";
import { outcomeOf, progressOf } from "./revocation.ts";

export interface FollowOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** How many are followed at once: the API server is asked at most forty times a second. */
  readonly beside: number;
  /** Told each new fact, without a line break. */
  readonly tell: (line: string) => void;
}

/** How it ended, and the Revocation as last seen. */
export interface Followed {
  readonly outcome: "published" | "refused" | "timed out" | "deleted";
  readonly last: Revocation;
}

const shortestPollMs = 500;
const mostPollsASecond = 40;

/**
 * Shows a Revocation's progress until every trust anchor has it, it is refused, or the time is up. A connection that
 * fails meanwhile is told once and tried again. Other errors of the API server end it.
 */
export async function followRevocation(revocation: Revocation, options: FollowOptions): Promise<Followed> {
  const { client, clock, timeoutMs, beside, tell } = options;
  const pollMs = Math.max(shortestPollMs, (beside * 1000) / mostPollsASecond);
  const deadline = clock.monotonic() + timeoutMs;
  const { namespace, name } = revocation.metadata;
  const told = new Set<string>();
  let last = revocation;
  for (;;) {
    for (const line of progressOf(last)) {
      if (!told.has(line)) tell(`${name}: ${line}`);
      told.add(line);
    }
    const outcome = outcomeOf(last);
    if (outcome !== "waiting") return { outcome, last };
    const leftMs = deadline - clock.monotonic();
    if (leftMs <= 0) return { outcome: "timed out", last };
    await new Promise<void>((resolve) => {
      clock.setTimer(resolve, Math.min(pollMs, leftMs));
    });
    try {
      const next = await client.getOrUndefined<Revocation>(revocationResource, { namespace, name });
      // A Revocation of the same name is not the one that was created.
      if (next === undefined || next.metadata.uid !== last.metadata.uid) return { outcome: "deleted", last };
      last = next;
    } catch (error) {
      if (!(error instanceof KubeConnectionError)) throw error;
      if (!told.has(error.code)) tell(`${name}: ${printable(error.message)}; trying again`);
      told.add(error.code);
    }
  }
}

/** Why following a Revocation did not end with its publication, for people; undefined when it did. */
export function explainFailure({ outcome, last }: Followed, timeout: string): string | undefined {
  return explanations[outcome](keyOf(last), progressOf(last), timeout);
}

const explanations: Readonly<
  Record<Followed["outcome"], (name: string, seen: readonly string[], timeout: string) => string | undefined>
> = {
  published: () => undefined,
  refused: (name) => `revocation ${name} was refused: it revokes nothing`,
  deleted: (name) => `revocation ${name} was deleted meanwhile; if it was accepted before, it stays in force`,
  "timed out": (name, seen, timeout) =>
    seen.length === 0
      ? `nobody has looked at revocation ${name} in ${timeout}: is the crl-publisher running? Run the command again to go on waiting`
      : `revocation ${name} is not in every trust anchor after ${timeout} (last seen: ${seen.join("; ")}). It goes on by itself; run the command again to go on waiting`,
};
