import { type CertificateAuthority, type Revocation, revocationResource } from "@capstan/api";
import { Controller, type EventRecorder, type ProgramContext, Reflector, systemClock } from "@capstan/kube";
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

/** Replaces revoked leaves while this process leads. */
export function createReissueController(
  options: Pick<ProgramContext, "client" | "log" | "metrics"> & {
    readonly namespace: string;
    readonly revocations: Reflector<Revocation>;
    readonly events: EventRecorder;
    readonly now: () => Date;
  },
): Controller {
  const { log, metrics, revocations } = options;
  const controller = new Controller({
    log,
    metrics,
    name: "reissue",
    reconcile: reissueReconciler({ ...options, revocations: revocations.store, clock: systemClock }),
  });
  controller.watch(revocations);
  return controller;
}

/** Replaces the leaves of generations that an authority's status says so of, while this process leads. */
export function createGenerationReissueController(
  options: Pick<ProgramContext, "client" | "log" | "metrics"> & {
    readonly namespace: string;
    readonly authorities: Reflector<CertificateAuthority>;
    readonly events: EventRecorder;
    readonly now: () => Date;
  },
): Controller {
  const { log, metrics, authorities } = options;
  const controller = new Controller({
    log,
    metrics,
    name: "generation-reissue",
    workers: 1,
    reconcile: generationReissueReconciler({ ...options, authorities: authorities.store, clock: systemClock }),
  });
  controller.watch(authorities);
  return controller;
}
