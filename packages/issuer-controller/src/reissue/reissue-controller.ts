import { type CertificateAuthority, type Revocation, revocationResource } from "@capstan/api";
import { Controller, type EventRecorder, type ProgramContext, Reflector, refOfKey, systemClock } from "@capstan/kube";
import { LeafReplacements } from "./leaf-replacements.ts";
import { reissueReconciler } from "./reconcile-reissue.ts";
import { generationReissueReconciler } from "./reissue-generation.ts";

/** Revocations that ask for a re-issue: the others are the publisher's business alone. */
export function createReissueCache(options: Pick<ProgramContext, "client" | "log" | "metrics">): Reflector<Revocation> {
  const { client, log, metrics } = options;
  return new Reflector({
    client,
    log,
    metrics,
    type: revocationResource,
    selects: ({ spec }) => spec.reissue === true,
  });
}

/** There is one book of leaves to be replaced. */
const everyLeaf = "leaves";

/**
 * Replace, while this process leads, the leaves that Revocations ask for and those of generations that an authority's status
 * orders.
 */
export function createReissueControllers(
  options: Pick<ProgramContext, "client" | "log" | "metrics"> & {
    readonly namespace: string;
    readonly revocations: Reflector<Revocation>;
    readonly authorities: Reflector<CertificateAuthority>;
    readonly events: EventRecorder;
    readonly now: () => Date;
  },
): readonly Controller[] {
  const { log, metrics, revocations, authorities } = options;
  const clock = systemClock;
  const replacements = new LeafReplacements({ ...options, clock, onWanted: () => leaves.enqueue(everyLeaf) });
  const leaves = new Controller({
    log,
    metrics,
    name: "leaf-replacement",
    workers: 1,
    reconcile: async (_key, signal) => {
      const waitMs = await replacements.work(signal);
      return waitMs === undefined ? {} : { requeueAfterMs: waitMs };
    },
  });
  const ofRevocations: Controller = new Controller({
    log,
    metrics,
    name: "reissue",
    groupOf: (key) => [refOfKey(key).namespace ?? ""],
    reconcile: reissueReconciler({
      ...options,
      replacements,
      revocations: revocations.store,
      wake: (key) => ofRevocations.enqueue(key),
      clock,
    }),
  });
  ofRevocations.watch(revocations);
  const ofGenerations: Controller = new Controller({
    log,
    metrics,
    name: "generation-reissue",
    workers: 1,
    reconcile: generationReissueReconciler({
      ...options,
      replacements,
      authorities: authorities.store,
      wake: (name) => ofGenerations.enqueue(name),
    }),
  });
  ofGenerations.watch(authorities);
  return [leaves, ofRevocations, ofGenerations];
}
