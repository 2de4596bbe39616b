import { type CertificateAuthority, type IssuedCertificate, issuedCertificateResource } from "@capstan/api";
import {
  type EventRecorder,
  formatTime,
  isConflict,
  isNotFound,
  KubeApiError,
  type KubeClient,
  keyOf,
  type Logger,
  type ReadonlyStore,
  type Reconciler,
} from "@capstan/kube";
import type { CrlPace } from "../crl/crl-pace.ts";
import type { KnownRoots } from "../revocations/known-roots.ts";
import { markRecord } from "../revocations/mark-record.ts";
import type { RevocationRoom } from "../revocations/revocation-room.ts";
import { findOrphans, type LivingOwners } from "./find-orphans.ts";
import { listMetadata } from "./list-metadata.ts";

/** The one key of the controller: a look takes in everything. */
export const deletionsKey = "deletions";

/** So often the cluster is looked at. What is gone at two looks is revoked. */
export const lookEveryMs = 300_000;

/** Who is said to have revoked it. */
const actor = "capstan-crl-publisher (deletion)";

const podResource = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true } as const;
const certificateResource = {
  group: "cert-manager.io",
  version: "v1",
  plural: "certificates",
  kind: "Certificate",
  namespaced: true,
} as const;

export interface DeletionsReconcilerOptions {
  readonly client: KubeClient;
  /** Where the ledger is. */
  readonly namespace: string;
  readonly authorities: Pick<ReadonlyStore<CertificateAuthority>, "list">;
  readonly roots: Pick<KnownRoots, "of">;
  readonly room: RevocationRoom;
  readonly pace: Pick<CrlPace, "noticed">;
  readonly events: Pick<EventRecorder, "record">;
  readonly now: () => Date;
  readonly log: Logger;
}

/** Whether an authority asks for it. */
export function revokesOnDeletion({ spec }: CertificateAuthority): boolean {
  return spec.revocation?.onDeletion === true;
}

/**
 * Revokes leaves whose Certificate or pod is gone, for authorities that ask for it. It compares ledger and cluster instead
 * of watching, so that nothing that was deleted while nobody looked is missed; and it waits for a second look, so that what
 * is deleted and made again in between keeps its leaf.
 */
export function deletionsReconciler(options: DeletionsReconcilerOptions): Reconciler {
  let goneBefore: ReadonlySet<string> = new Set();
  return async (_key, signal) => {
    const authorities = options.authorities.list().filter(revokesOnDeletion);
    if (authorities.length === 0) {
      goneBefore = new Set();
      return {};
    }
    const orphans = await lookForOrphans(options, authorities, signal);
    if (orphans === undefined) return { requeueAfterMs: lookEveryMs };
    for (const record of orphans) {
      if (goneBefore.has(idOf(record))) await revoke(options, record, signal);
    }
    goneBefore = new Set(orphans.map(idOf));
    return { requeueAfterMs: lookEveryMs };
  };
}

/** Undefined without the right to look. */
async function lookForOrphans(
  options: DeletionsReconcilerOptions,
  authorities: readonly CertificateAuthority[],
  signal: AbortSignal,
): Promise<readonly IssuedCertificate[] | undefined> {
  const { client, namespace, now, events, log } = options;
  // Before the owners: what is issued meanwhile is not looked at, and so not missed by them.
  const records: IssuedCertificate[] = [];
  for (const { metadata } of authorities) {
    const fieldSelector = `spec.authority=${metadata.name}`;
    const { items } = await client.listAll<IssuedCertificate>(issuedCertificateResource, {
      namespace,
      fieldSelector,
      signal,
    });
    records.push(...items.filter(({ spec, status }) => spec.owner !== undefined && status?.revoked === undefined));
  }
  try {
    return findOrphans(records, await livingOwners(client, signal), now().getTime());
  } catch (error) {
    if (!(error instanceof KubeApiError) || (error.code !== 403 && error.code !== 404)) throw error;
    log.warn({ err: error }, "nothing is revoked on deletion: Certificates and pods cannot be listed");
    for (const regarding of authorities) {
      const note = `spec.revocation.onDeletion does nothing: ${error.message}. Apply deploy/manifests/revoke-on-deletion.yaml`;
      events.record({ regarding, type: "Warning", reason: "DeletionsUnseen", action: "Revoke", note });
    }
    return undefined;
  }
}

async function livingOwners(client: KubeClient, signal: AbortSignal): Promise<LivingOwners> {
  const certificates = new Set<string>();
  const pods = new Set<string>();
  for await (const metadata of listMetadata(client, certificateResource, signal)) certificates.add(keyOf({ metadata }));
  for await (const { uid } of listMetadata(client, podResource, signal)) if (uid !== undefined) pods.add(uid);
  return { certificates, pods };
}

async function revoke(
  { client, roots, room, pace, now, log }: DeletionsReconcilerOptions,
  record: IssuedCertificate,
  signal: AbortSignal,
): Promise<void> {
  const { serial, authority, generation, owner, requestNamespace } = record.spec;
  const known = await roots.of({ authority, generation }, signal);
  const reason = "cessationOfOperation";
  const leaf = { authority, generation, namespace: requestNamespace, reason, revoker: "deletion" } as const;
  const refusal = known === undefined ? undefined : room.take({ ...leaf, root: known.root });
  if (refusal !== undefined) {
    log.warn({ serial, refusal }, "a leaf of a deleted owner is not revoked");
    return;
  }
  const revocation = `deletion of ${owner?.kind ?? ""} ${requestNamespace ?? ""}/${owner?.name ?? ""}`.slice(0, 320);
  try {
    await markRecord(
      client,
      record,
      { at: formatTime(now().getTime()), reason, revocation, requestedBy: actor },
      signal,
    );
  } catch (error) {
    // Revoked by somebody, or pruned: the next look decides anew.
    if (isConflict(error) || isNotFound(error)) return;
    throw error;
  }
  pace.noticed(authority, generation);
  const { name: uid } = record.metadata;
  log.info(
    { uid, serial, owner: `${owner?.kind ?? ""}/${owner?.name ?? ""}` },
    "revoked a leaf whose owner was deleted",
  );
}

function idOf({ metadata }: IssuedCertificate): string {
  return metadata.name;
}
