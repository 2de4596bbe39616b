import {
  type AuthorityOperation,
  authorityOperationResource,
  type CapstanClusterIssuer,
  capstanClusterIssuerResource,
  type CapstanIssuer,
  capstanIssuerResource,
  type CertificateAuthority,
  certificateAuthorityResource,
  type GenerationMark,
  generationMarkResource,
  type Revocation,
  revocationResource,
} from "@capstan/api";
import {
  type Clock,
  createLogger,
  keyOf,
  type KubeClient,
  type KubeObject,
  Reflector,
  type ResourceType,
} from "@capstan/kube";
import { inScope, type Part, type Status, type StatusScope } from "./read-status.ts";

export interface WatchOptions extends StatusScope {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Undefined for ever. */
  readonly timeoutMs: number | undefined;
  /** Told the first status and each later one. */
  readonly show: (status: Status) => void;
  /** Whether the watch is over, and with which exit code; undefined goes on. */
  readonly verdict: (status: Status) => number | undefined;
}

// Several objects change with one step of the publisher: they are shown together.
const gatherMs = 100;
// What needs attention may also end by the passing of time alone, of which no watch tells.
const lookAgainMs = 5_000;

/** A part that is kept up to date. */
interface Live<T extends KubeObject> {
  readonly part: () => Part<T>;
  readonly run: (signal: AbortSignal, changed: () => void) => Promise<void>;
}

/**
 * Follows everything that `status` shows by watches, beginning with what was read already.
 *
 * @returns the verdict that ended it, or undefined when the time is up
 * @throws {PluginError} once the authority that was asked for is gone
 */
export async function watchStatus(first: Status, options: WatchOptions): Promise<number | undefined> {
  const { client, clock, timeoutMs, show, verdict, capstanNamespace } = options;
  const live = {
    authorities: follow<CertificateAuthority>(first.authorities, certificateAuthorityResource),
    clusterIssuers: follow<CapstanClusterIssuer>(first.clusterIssuers, capstanClusterIssuerResource),
    issuers: follow<CapstanIssuer>(first.issuers, capstanIssuerResource),
    revocations: follow<Revocation>(first.revocations, revocationResource),
    operations: follow<AuthorityOperation>(first.operations, authorityOperationResource, capstanNamespace),
    marks: follow<GenerationMark>(first.marks, generationMarkResource, capstanNamespace),
  };
  const stop = new AbortController();
  const ended = Promise.withResolvers<number | undefined>();
  const cancels: (() => void)[] = [];
  const look = (isShown: boolean): void => {
    try {
      const authorities = live.authorities.part();
      // The authorities were readable, or there would be no first status.
      const items = "items" in authorities ? authorities.items : [];
      const all: Status = {
        authorities: { readAt: authorities.readAt, items },
        clusterIssuers: live.clusterIssuers.part(),
        issuers: live.issuers.part(),
        revocations: live.revocations.part(),
        operations: live.operations.part(),
        marks: live.marks.part(),
      };
      const status = inScope(all, options);
      const end = verdict(status);
      if (isShown || end !== undefined) show(status);
      if (end !== undefined) ended.resolve(end);
    } catch (error) {
      ended.reject(error);
    }
  };
  let isGathering = false;
  const changed = (): void => {
    if (isGathering) return;
    isGathering = true;
    const cancel = clock.setTimer(() => {
      isGathering = false;
      look(true);
    }, gatherMs);
    cancels.push(cancel);
  };
  if (timeoutMs !== undefined) {
    const cancel = clock.setTimer(() => {
      ended.resolve(undefined);
    }, timeoutMs);
    cancels.push(cancel);
    const lookAgain = (): void => {
      cancels.push(
        clock.setTimer(() => {
          look(false);
          lookAgain();
        }, lookAgainMs),
      );
    };
    lookAgain();
  }
  show(first);
  const end = verdict(first);
  if (end !== undefined) {
    for (const cancel of cancels) cancel();
    return end;
  }
  const runs = Object.values(live).map(({ run }) => run(stop.signal, changed));
  try {
    return await ended.promise;
  } finally {
    stop.abort();
    for (const cancel of cancels) cancel();
    await Promise.all(runs);
  }

  function follow<T extends KubeObject>(part: Part<T>, type: ResourceType, namespace?: string): Live<T> {
    // What may not be read may not be watched either.
    if (!("items" in part)) return { part: () => part, run: () => Promise.resolve() };
    const log = createLogger({ program: "kubectl-capstan", level: "silent", to: { write: () => {} } });
    const reflector = new Reflector<T>({ client, type, namespace, log, clock });
    return {
      part: () => (reflector.synced ? { readAt: clock.now(), items: reflector.store.list() } : part),
      run: async (signal, changed) => {
        reflector.onChange(() => {
          if (reflector.synced) changed();
        });
        const running = reflector.run(signal);
        await reflector.whenSynced(signal);
        // The first list tells what was shown already, but for what changed since.
        if (reflector.synced && versionsOf(reflector.store.list()) !== versionsOf(part.items)) changed();
        await running;
      },
    };
  }
}

function versionsOf(objects: readonly KubeObject[]): string {
  return objects
    .map((object) => `${keyOf(object)} ${object.metadata.resourceVersion ?? ""}`)
    .toSorted()
    .join();
}
