import {
  type CertificateAuthority,
  type IssuedCertificate,
  type Revocation,
  revocationReasons,
  type RevocationList,
} from "@capstan/api";
import type { KubeClient, Logger, ReadonlyStore, Reconciler, ReconcileResult } from "@capstan/kube";
import type { CrlPace } from "../crl/crl-pace.ts";
import type { KnownRoots } from "./known-roots.ts";
import type { Readings } from "./readings.ts";
import type { RevocationRoom } from "./revocation-room.ts";
import { readTarget } from "./revocation-target.ts";
import { revokeGeneration } from "./revoke-generation.ts";
import { revokeLeaf } from "./revoke-leaf.ts";
import { revokeLeaves } from "./revoke-leaves.ts";
import { isAccepted, isRefused, refuse } from "./write-revocation-status.ts";

export interface RevocationReconcilerOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly revocations: ReadonlyStore<Revocation>;
  readonly authorities: ReadonlyStore<CertificateAuthority>;
  readonly lists: ReadonlyStore<RevocationList>;
  /** The ledger's revoked records, with index "serial". */
  readonly records: Pick<ReadonlyStore<IssuedCertificate>, "byIndex">;
  readonly roots: KnownRoots;
  readonly room: RevocationRoom;
  /** Told of each leaf that the next CRL has to name. */
  readonly pace: Pick<CrlPace, "noticed">;
  readonly readings: Readings;
  /** Told once of each Revocation that is accepted or refused: the reason. */
  readonly onOutcome?: ((reason: string) => void) | undefined;
  readonly now: () => Date;
  readonly log: Logger;
}

/**
 * Revokes what a Revocation names: marks ledger records, blocks keys, and reports when the generation's list and then every
 * trust anchor has the serials. The list itself is written by the authority's reconciler, for many revocations at once.
 */
export function revocationReconciler(options: RevocationReconcilerOptions): Reconciler {
  return async (key, signal): Promise<ReconcileResult | undefined> => {
    const revocation = options.revocations.get(key);
    if (revocation === undefined || revocation.metadata.deletionTimestamp !== undefined) return undefined;
    if (isOver(revocation)) return undefined;
    const target = readTarget(revocation);
    if (target.kind === "invalid") {
      await refuse(options, revocation, { reason: revocationReasons.invalidTarget, message: target.message }, signal);
      return undefined;
    }
    if (target.kind === "generation") return revokeGeneration(options, revocation, target, signal);
    if (target.kind === "publicKey" || target.kind === "serviceAccount")
      return revokeLeaves(options, revocation, target, signal);
    return revokeLeaf(options, revocation, target, signal);
  };
}

/** Refused or published: both are final, since neither target nor ledger record can change. */
export function isOver(revocation: Revocation): boolean {
  return isRefused(revocation) || (isAccepted(revocation) && isPublished(revocation));
}

function isPublished({ status }: Revocation): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === "Published" && is === "True") === true;
}

/** The index of Revocations that wait for an authority, by its name; {@link anyAuthority} for those that may reach several. */
export function authoritiesOf(revocation: Revocation): readonly string[] {
  if (isOver(revocation)) return [];
  const { publicKeySha256, serviceAccount } = revocation.spec.target;
  if (publicKeySha256 !== undefined || serviceAccount !== undefined) return [anyAuthority];
  return revocation.status?.authority === undefined ? [] : [revocation.status.authority];
}

/**
 * The index of Revocations that nobody has looked at, all under one key. One that is deleted is not looked at any more: held by a
 * finalizer it would have every CRL wait for it.
 */
export function unseenOf({ metadata, status }: Revocation): readonly [""] | readonly [] {
  return status === undefined && metadata.deletionTimestamp === undefined ? [""] : [];
}

/** No CertificateAuthority can have this name. */
export const anyAuthority = "*";
