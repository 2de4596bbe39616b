import type { KubeObject } from "./kube-object.ts";
import type { ResourceType } from "./resource-type.ts";
import { formatMicroTime } from "./time-format.ts";

export const leases: ResourceType = {
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  kind: "Lease",
  namespaced: true,
};

export interface Lease extends KubeObject {
  readonly spec?: {
    /** Empty when the last holder released it. */
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    /** MicroTime. Times are for people: nobody decides by another machine's clock. */
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

/** Annotation on the Lease: the epoch of its present or last holder. */
export const epochAnnotation = "capstan.dev/epoch";

/** Epoch stored in a Lease; 0 when it never had one. Throws when the annotation is damaged: guessing might repeat an epoch. */
export function epochOf(lease: Lease): number {
  const text = lease.metadata.annotations?.[epochAnnotation];
  if (text === undefined) return 0;
  if (!/^\d{1,15}$/.test(text)) {
    throw new Error(
      `Lease ${lease.metadata.name}: annotation ${epochAnnotation} is ${JSON.stringify(text)}, not a whole number: set it to the highest epoch ever used`,
    );
  }
  return Number(text);
}

export interface Holding {
  readonly identity: string;
  readonly epoch: number;
  readonly leaseDurationMs: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The Lease as its new holder writes it. */
export function acquiredLease(lease: Lease, holding: Holding): Lease {
  const time = formatMicroTime(holding.now);
  const transitions = lease.spec === undefined ? 0 : (lease.spec.leaseTransitions ?? 0) + 1;
  return {
    ...lease,
    metadata: {
      ...lease.metadata,
      annotations: { ...lease.metadata.annotations, [epochAnnotation]: String(holding.epoch) },
    },
    spec: {
      ...lease.spec,
      holderIdentity: holding.identity,
      leaseDurationSeconds: Math.ceil(holding.leaseDurationMs / 1000),
      acquireTime: time,
      renewTime: time,
      leaseTransitions: transitions,
    },
  };
}

export function renewedLease(lease: Lease, now: number): Lease {
  return { ...lease, spec: { ...lease.spec, renewTime: formatMicroTime(now) } };
}

/** Nobody holds it: the next candidate need not wait. The epoch stays. */
export function releasedLease(lease: Lease, now: number): Lease {
  return {
    ...lease,
    spec: { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1, renewTime: formatMicroTime(now) },
  };
}
