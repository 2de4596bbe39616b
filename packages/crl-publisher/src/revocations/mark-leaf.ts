import type { Revocation } from "@capstan/api";
import { formatTime } from "@capstan/kube";
import { enlist } from "./enlist.ts";
import { markRecord } from "./mark-record.ts";
import { idOf, type ReachedLeaf, type RevocationPlan } from "./plan-revocation.ts";
import type { RevocationReconcilerOptions } from "./reconcile-revocation.ts";

type Marking = Extract<RevocationPlan, { readonly do: "mark" | "raise" | "enlist" }>;

/**
 * Carries out what is planned for one leaf, and has the next CRL made. Returns why there is no room for the leaf, or
 * undefined; room is asked for before anything is written.
 */
export async function markLeaf(
  options: RevocationReconcilerOptions,
  revocation: Revocation,
  plan: Marking,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { client, now, log, pace } = options;
  const { leaf } = plan;
  const { reason, requestedBy } = revocation.spec;
  if (plan.do !== "raise") {
    const refusal = await takeRoom(options, revocation, leaf, signal);
    if (refusal !== undefined) return refusal;
  }
  const at = now().getTime();
  if (plan.do === "enlist") {
    const entry = {
      serial: leaf.serial,
      revokedAt: Math.floor(at / 1000),
      reason,
      notAfter: Math.floor(Date.parse(leaf.notAfter) / 1000),
      actor: requestedBy,
    };
    await enlist(options, leaf, entry, signal);
  } else {
    const { record } = plan.leaf;
    const first = record.status?.revoked;
    const revoked =
      first === undefined
        ? { at: formatTime(at), reason, revocation: idOf(revocation), requestedBy }
        : { ...first, reason };
    await markRecord(client, record, revoked, signal);
  }
  pace.noticed(leaf.authority, leaf.generation);
  const { uid, namespace, name } = revocation.metadata;
  const record = leaf.record?.metadata.name;
  log.info({ serial: leaf.serial, record, reason, requestedBy, uid, namespace, name }, "revoked a certificate");
  return undefined;
}

async function takeRoom(
  { roots, room, namespace }: RevocationReconcilerOptions,
  revocation: Revocation,
  leaf: ReachedLeaf,
  signal: AbortSignal,
): Promise<string | undefined> {
  const known = await roots.of(leaf, signal);
  // Without a CRL yet there is nothing that could be full.
  if (known === undefined) return undefined;
  return room.take({
    ...leaf,
    root: known.root,
    namespace: leaf.record?.spec.requestNamespace,
    reason: revocation.spec.reason,
    revoker: revocation.metadata.namespace === namespace ? "administrator" : "tenant",
  });
}
