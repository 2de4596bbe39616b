import { type IssuedCertificate, issuedCertificateResource, type Revocation, revocationReasons } from "@capstan/api";
import { formatTime, type ReconcileResult } from "@capstan/kube";
import { BlockRefused, blockKey } from "./block-key.ts";
import { markLeaf } from "./mark-leaf.ts";
import { planRecord, type ReachedLeaf } from "./plan-revocation.ts";
import type { RevocationReconcilerOptions } from "./reconcile-revocation.ts";
import { type ConditionState, isListed, progressOf } from "./revocation-progress.ts";
import type { RevocationTarget } from "./revocation-target.ts";
import { noRoomRetryMs } from "./revoke-leaf.ts";
import { acceptedOf, refuse, type RevocationStatus, writeRevocationStatus } from "./write-revocation-status.ts";

export type LeavesTarget = Extract<RevocationTarget, { readonly kind: "publicKey" | "serviceAccount" }>;

/**
 * So long after a key was blocked, or a Revocation made, everything that was being signed then is in the ledger: the
 * issuer refuses to sign when it has not heard of the blocked keys for two minutes, and no signature takes a minute.
 */
export const settleMs = 180_000;

/** Certificates marked at once. */
const marksAtOnce = 8;
/** A renewal may have been asked for while the Revocation was on its way; a leaf begins up to five minutes before it is signed. */
const backdateMs = 300_000;

/**
 * Revokes every leaf of a public key or a service account: first the block (of a key), then what the ledger knows, and once
 * more when everything that was being signed meanwhile must have arrived. Resumes anywhere: the block's time is in status,
 * all else in the ledger.
 */
export async function revokeLeaves(
  options: RevocationReconcilerOptions,
  revocation: Revocation,
  target: LeavesTarget,
  signal: AbortSignal,
): Promise<ReconcileResult | undefined> {
  const { namespace = "" } = revocation.metadata;
  const scope = namespace === options.namespace ? undefined : namespace;
  if (target.kind === "serviceAccount" && scope !== undefined && target.namespace !== scope) {
    const message = `service account ${target.name} is not of namespace ${scope}`;
    await refuse(options, revocation, { reason: revocationReasons.notYours, message }, signal);
    return undefined;
  }
  const begin = await beginOf(options, revocation, target, scope, signal);
  if (begin === undefined) return undefined;
  const settledInMs = begin.at + settleMs - options.now().getTime();
  const records = await matches(options, target, scope, revocation, signal);
  const { leaves, refusals } = await markAll(options, revocation, records, nameOf(target), signal);
  return report(options, revocation, { target, begin, settledInMs, leaves, refusals }, signal);
}

/** When the clock of settling began; a key is blocked by then. Undefined when it cannot be. */
async function beginOf(
  options: RevocationReconcilerOptions,
  revocation: Revocation,
  target: LeavesTarget,
  scope: string | undefined,
  signal: AbortSignal,
): Promise<{ readonly at: number; readonly status: RevocationStatus } | undefined> {
  if (target.kind === "serviceAccount") {
    return { at: Date.parse(revocation.metadata.creationTimestamp ?? "") || options.now().getTime(), status: {} };
  }
  const before = revocation.status?.blockedAt;
  if (before !== undefined) return { at: Date.parse(before), status: { blockedAt: before } };
  try {
    const { requestedBy } = revocation.spec;
    const key = { sha256: target.sha256, requestedBy, ...(scope === undefined ? {} : { namespace: scope }) };
    await blockKey(options, key, signal);
  } catch (error) {
    if (!(error instanceof BlockRefused)) throw error;
    await refuse(options, revocation, { reason: revocationReasons.noRoom, message: error.message }, signal);
    return undefined;
  }
  const blockedAt = formatTime(options.now().getTime());
  options.log.info({ publicKeySha256: target.sha256, namespace: scope }, "blocked a public key");
  await writeRevocationStatus(options, revocation, { blockedAt }, [], signal);
  return { at: Date.parse(blockedAt), status: { blockedAt } };
}

/** The ledger's records of the target, read live, that are valid still or were revoked while they were. */
async function matches(
  { client, namespace, now }: RevocationReconcilerOptions,
  target: LeavesTarget,
  scope: string | undefined,
  revocation: Revocation,
  signal: AbortSignal,
): Promise<readonly IssuedCertificate[]> {
  const fieldSelector =
    target.kind === "publicKey" ? `spec.publicKeySha256=${target.sha256}` : `spec.requestNamespace=${target.namespace}`;
  const { items } = await client.listAll<IssuedCertificate>(issuedCertificateResource, {
    namespace,
    fieldSelector,
    signal,
  });
  return items.filter(
    (record) =>
      (target.kind === "publicKey" || (hasAsked(record, target) && wasAskedBefore(record, revocation))) &&
      (scope === undefined || record.spec.requestNamespace === scope) &&
      Date.parse(record.spec.notAfter) > now().getTime(),
  );
}

/**
 * Whether the service account itself has made the request, in its own namespace, by which the records were selected. A
 * Certificate's requests are made by cert-manager for anybody, and its own account's for others are not of its namespace.
 */
function hasAsked(
  { spec }: IssuedCertificate,
  { namespace, name }: Extract<LeavesTarget, { readonly kind: "serviceAccount" }>,
): boolean {
  return spec.requester === `system:serviceaccount:${namespace}:${name}`;
}

/** What is asked for after the Revocation was made is the successor of what it revokes. */
function wasAskedBefore({ spec }: IssuedCertificate, { metadata }: Revocation): boolean {
  const { notBefore, notAfter } = spec;
  const [begin, end] = [Date.parse(notBefore), Date.parse(notAfter)];
  const signedAt = begin + Math.min(backdateMs, (end - begin) / 12);
  return !(signedAt > Date.parse(metadata.creationTimestamp ?? "") + 1_000);
}

async function markAll(
  options: RevocationReconcilerOptions,
  revocation: Revocation,
  records: readonly IssuedCertificate[],
  name: string,
  signal: AbortSignal,
): Promise<{ readonly leaves: readonly ReachedLeaf[]; readonly refusals: readonly string[] }> {
  const leaves: ReachedLeaf[] = [];
  const refusals: string[] = [];
  const queue = [...records];
  const work = async (): Promise<void> => {
    for (let record = queue.shift(); record !== undefined; record = queue.shift()) {
      const plan = planRecord(record, revocation, options.now().getTime(), name);
      if (plan.do === "refuse") continue;
      const refusal = plan.do === "follow" ? undefined : await markLeaf(options, revocation, plan, signal);
      leaves.push(plan.leaf);
      if (refusal !== undefined) refusals.push(refusal);
    }
  };
  await Promise.all(Array.from({ length: marksAtOnce }, work));
  return { leaves, refusals };
}

interface Outcome {
  readonly target: LeavesTarget;
  readonly begin: { readonly status: RevocationStatus };
  readonly settledInMs: number;
  readonly leaves: readonly ReachedLeaf[];
  readonly refusals: readonly string[];
}

async function report(
  options: RevocationReconcilerOptions,
  revocation: Revocation,
  { target, begin, settledInMs, leaves, refusals }: Outcome,
  signal: AbortSignal,
): Promise<ReconcileResult | undefined> {
  const status = { ...begin.status, certificates: Math.max(leaves.length, revocation.status?.certificates ?? 0) };
  const [refusal] = refusals;
  if (refusal !== undefined) {
    const message = `${refusals.length} of ${leaves.length} certificates are not revoked: ${refusal}`;
    const noRoom = { type: "Accepted", status: "Unknown", reason: revocationReasons.noRoom, message } as const;
    await writeRevocationStatus(options, revocation, status, [noRoom], signal);
    return { requeueAfterMs: noRoomRetryMs };
  }
  const isSettled = settledInMs <= 0;
  if (target.kind === "serviceAccount" && status.certificates === 0 && isSettled) {
    const message = `no certificate that is valid now was asked for by ${nameOf(target)} itself`;
    await refuse(options, revocation, { reason: revocationReasons.notFound, message }, signal);
    return undefined;
  }
  const { reason } = revocation.spec;
  const late = leaves.filter((leaf) => !isListed(options, leaf, reason)).length;
  const isKnown = target.kind === "publicKey" || status.certificates > 0;
  const conditions: ConditionState[] = [];
  if ((late === 0 && isKnown) || acceptedOf(revocation)?.status === "True") conditions.push(accepted(target, status));
  const { anchors, published, crlNumber } = progressOf(options, leaves);
  if (late === 0 && isKnown) conditions.push(isSettled ? published : settling());
  await writeRevocationStatus(
    options,
    revocation,
    {
      ...status,
      ...(leaves.length === 0 ? {} : { anchors: [...anchors] }),
      ...(crlNumber === undefined ? {} : { crlNumber }),
    },
    conditions,
    signal,
  );
  return isSettled ? undefined : { requeueAfterMs: settledInMs };
}

function accepted(target: LeavesTarget, { certificates = 0 }: RevocationStatus): ConditionState {
  const count = certificates === 1 ? "1 certificate is" : `${certificates} certificates are`;
  const blocked = target.kind === "publicKey" ? ", and the key is blocked" : "";
  const message = `${count} revoked${blocked}; it cannot be undone`;
  return { type: "Accepted", status: "True", reason: revocationReasons.recorded, message };
}

function settling(): ConditionState {
  const message = `The ledger is read once more ${settleMs / 60_000} minutes after the beginning, for what was being signed then`;
  return { type: "Published", status: "False", reason: revocationReasons.settling, message };
}

function nameOf(target: LeavesTarget): string {
  return target.kind === "publicKey"
    ? `public key ${target.sha256}`
    : `service account ${target.namespace}/${target.name}`;
}
