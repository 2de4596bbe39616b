import {
  type AuthorityOperation,
  authorityOperationResource,
  type CertificateAuthority,
  certificateAuthorityResource,
} from "@capstan/api";
import { type Clock, type KubeClient, KubeConnectionError } from "@capstan/kube";
import { printable } from "../output/printable.ts";
import {
  type OperationOutcome,
  type OperationState,
  outcomeOf,
  progressOf,
  stateBefore,
} from "./operation-progress.ts";

export interface FollowOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** As it was before the order. */
  readonly authority: CertificateAuthority;
  /** The rotation is followed until its generation signs. */
  readonly followsRotation: boolean;
  /** Told each new fact, without a line break. */
  readonly tell: (line: string) => void;
}

/** How it ended, what was seen last, and what there was to see then. */
export interface Followed {
  readonly outcome: Exclude<OperationOutcome, "waiting"> | "timed out" | "deleted";
  readonly operation: AuthorityOperation | undefined;
  readonly seen: readonly string[];
}

const pollMs = 1000;

/**
 * Shows how an order is carried out until it is, or the time is up. A connection that fails meanwhile is told once and
 * tried again; other errors of the API server end it.
 *
 * @param ordered undefined when what is followed was under way without an operation
 */
export async function followOperation(
  ordered: AuthorityOperation | undefined,
  options: FollowOptions,
): Promise<Followed> {
  const { client, clock, timeoutMs, authority, followsRotation, tell } = options;
  const deadline = clock.monotonic() + timeoutMs;
  const before = stateBefore(authority);
  const name = ordered?.metadata.name ?? authority.metadata.name;
  // What was so before is no progress.
  const told = new Set(progressOf({ operation: undefined, authority }));
  let state: OperationState = { operation: ordered, authority };
  for (;;) {
    const seen = progressOf(state);
    for (const line of seen) {
      if (!told.has(line)) tell(`${name}: ${line}`);
      told.add(line);
    }
    const { operation } = state;
    const outcome = outcomeOf(state, before, followsRotation);
    if (outcome !== "waiting") return { outcome, operation, seen };
    const leftMs = deadline - clock.monotonic();
    if (leftMs <= 0) return { outcome: "timed out", operation, seen };
    await new Promise<void>((resolve) => {
      clock.setTimer(resolve, Math.min(pollMs, leftMs));
    });
    try {
      const next = await readState(client, state, authority.metadata.name);
      if (next === "deleted") return { outcome: "deleted", operation, seen };
      state = next;
    } catch (error) {
      if (!(error instanceof KubeConnectionError)) throw error;
      if (!told.has(error.code)) tell(`${name}: ${printable(error.message)}; trying again`);
      told.add(error.code);
    }
  }
}

async function readState(
  client: KubeClient,
  { operation }: OperationState,
  name: string,
): Promise<OperationState | "deleted"> {
  const [next, authority] = await Promise.all([
    operation && client.getOrUndefined<AuthorityOperation>(authorityOperationResource, operation.metadata),
    client.getOrUndefined<CertificateAuthority>(certificateAuthorityResource, { name }),
  ]);
  // One of the same name is not the one that was created.
  if (operation !== undefined && next?.metadata.uid !== operation.metadata.uid) return "deleted";
  return { operation: next, authority };
}

/** Why following an order did not end well, for people; undefined when it did. */
export function explainFailure(
  { outcome, operation, seen }: Followed,
  { authority, timeout }: { readonly authority: string; readonly timeout: string },
): string | undefined {
  const name = `operation ${operation?.metadata.name ?? ""}`;
  const lastSeen = seen.length === 0 ? "" : ` (last seen: ${seen.join("; ")})`;
  const message = printable(operation?.status?.message ?? "");
  const explanations: Readonly<Record<Followed["outcome"], string | undefined>> = {
    done: undefined,
    refused: `${name} was refused: ${message}`,
    "given up": `the new generation was given up${lastSeen}; kubectl capstan status ${authority} says why`,
    deleted: `${name} was deleted meanwhile; if it was accepted before, it is carried on: kubectl capstan status ${authority}`,
    "timed out":
      operation !== undefined && operation.status?.phase === undefined
        ? `nobody has looked at ${name} in ${timeout}: is the crl-publisher running? It is carried out when it is`
        : `not done after ${timeout}${lastSeen}. It goes on by itself: kubectl capstan status ${authority} --watch`,
  };
  return explanations[outcome];
}
