import {
  generationName,
  type IssuedCertificate,
  issuedCertificateResource,
  type Revocation,
  revocationReasons,
} from "@capstan/api";
import { formatTime, type ReconcileResult } from "@capstan/kube";
import type { KnownRoot } from "./known-roots.ts";
import { markLeaf } from "./mark-leaf.ts";
import { idOf, planRevocation, type RevocationPlan } from "./plan-revocation.ts";
import type { RevocationReconcilerOptions } from "./reconcile-revocation.ts";
import { type ConditionState, ended, isListed, type LeafOfProgress, progressOf } from "./revocation-progress.ts";
import type { LeafTarget } from "./revocation-target.ts";
import {
  acceptedOf,
  isAccepted,
  refuse,
  type RevocationStatus,
  writeRevocationStatus,
} from "./write-revocation-status.ts";

/** What there is no room for is looked at again so often, and when the list changes. */
export const noRoomRetryMs = 60_000;

/** Revokes the one leaf that a serial, a certificate or a record names. */
export async function revokeLeaf(
  options: RevocationReconcilerOptions,
  revocation: Revocation,
  target: LeafTarget,
  signal: AbortSignal,
): Promise<ReconcileResult | undefined> {
  const before = leafOf(revocation);
  if (before !== undefined && isListed(options, before, revocation.spec.reason)) {
    await reportListed(options, revocation, before, acceptedReason(revocation), signal);
    return undefined;
  }
  if (before !== undefined && isAccepted(revocation) && hasEnded(options, before)) {
    // Its entry has left the list: what an anchor is read back with later says nothing of it.
    await writeRevocationStatus(options, revocation, before, [ended], signal);
    return undefined;
  }
  const plan = knownPlan(options, revocation, before) ?? (await planOf(options, revocation, target, signal));
  if (plan.do === "refuse") {
    // What was accepted is never refused: a record that is gone says nothing of the certificate.
    if (!isAccepted(revocation)) await refuse(options, revocation, plan, signal);
    return undefined;
  }
  if (plan.do !== "follow") {
    const refusal = await markLeaf(options, revocation, plan, signal);
    if (refusal !== undefined) {
      await writeRevocationStatus(options, revocation, identityOf(plan), [pending("noRoom", refusal)], signal);
      return { requeueAfterMs: noRoomRetryMs };
    }
  }
  const reason = acceptedReason(revocation, plan);
  if (isListed(options, plan.leaf, revocation.spec.reason)) {
    await reportListed(options, revocation, identityOf(plan), reason, signal);
    return undefined;
  }
  return reportUnlisted(options, revocation, plan, reason, signal);
}

function hasEnded({ now }: RevocationReconcilerOptions, { notAfter }: RevocationStatus): boolean {
  return notAfter !== undefined && Date.parse(notAfter) <= now().getTime();
}

/**
 * What the cache alone can say: the leaf that was found is marked, and waits for its list. Each new list wakes everything
 * that waits for it, and thousands must not ask the API server each time.
 */
function knownPlan(
  { records }: RevocationReconcilerOptions,
  revocation: Revocation,
  before: LeafOfProgress | undefined,
): RevocationPlan | undefined {
  if (before === undefined) return undefined;
  const record = records
    .byIndex("serial", before.serial)
    .find(({ spec }) => spec.authority === before.authority && spec.generation === before.generation);
  const revoked = record?.status?.revoked;
  if (record === undefined || revoked === undefined) return undefined;
  if (revocation.spec.reason === "keyCompromise" && revoked.reason !== "keyCompromise") return undefined;
  const { notAfter } = record.spec;
  return { do: "follow", leaf: { ...before, notAfter, record }, already: revoked.revocation !== idOf(revocation) };
}

async function planOf(
  options: RevocationReconcilerOptions,
  revocation: Revocation,
  target: LeafTarget,
  signal: AbortSignal,
): Promise<RevocationPlan> {
  const { namespace, now } = options;
  const records = await recordsOf(options, target, signal);
  const isProofNeeded = revocation.metadata.namespace === namespace && target.kind !== "record";
  const roots: readonly KnownRoot[] =
    isProofNeeded && (target.kind === "certificate" || records.length === 0) ? await options.roots.all(signal) : [];
  return planRevocation({ revocation, target, records, roots, ownNamespace: namespace, now: now().getTime() });
}

/** Read live: the ledger decides ownership, and a certificate may have been issued a moment ago. */
async function recordsOf(
  { client, namespace }: RevocationReconcilerOptions,
  target: LeafTarget,
  signal: AbortSignal,
): Promise<readonly IssuedCertificate[]> {
  if (target.kind === "record") {
    const ref = { namespace, name: target.name };
    const record = await client.getOrUndefined<IssuedCertificate>(issuedCertificateResource, ref, { signal });
    return record === undefined ? [] : [record];
  }
  const serial = target.kind === "serial" ? target.serial : target.certificate.serial;
  const { items } = await client.listAll<IssuedCertificate>(issuedCertificateResource, {
    namespace,
    fieldSelector: `spec.serial=${serial}`,
    signal,
  });
  return items;
}

/** The leaf that an earlier look has found. */
function leafOf({ status }: Revocation): (LeafOfProgress & RevocationStatus) | undefined {
  const { serial, authority, generation, issuedCertificate, notAfter } = status ?? {};
  if (serial === undefined || authority === undefined || generation === undefined) return undefined;
  return {
    serial,
    authority,
    generation,
    ...(issuedCertificate === undefined ? {} : { issuedCertificate }),
    ...(notAfter === undefined ? {} : { notAfter }),
  };
}

function identityOf({ leaf }: Exclude<RevocationPlan, { readonly do: "refuse" }>): LeafOfProgress & RevocationStatus {
  const { serial, authority, generation, record } = leaf;
  const name = record?.metadata.name;
  const notAfter = formatTime(Date.parse(leaf.notAfter));
  return { serial, authority, generation, notAfter, ...(name === undefined ? {} : { issuedCertificate: name }) };
}

type AcceptedReason = "recorded" | "alreadyRevoked" | "reasonRaised";

const acceptedMessages: Readonly<Record<AcceptedReason, string>> = {
  recorded: "The revocation is recorded and cannot be undone",
  alreadyRevoked: "It was revoked before; the first time and reason stay",
  reasonRaised: "It was revoked before; its reason is a key compromise now, its time the first one",
};

/** What was said first counts: the next look finds our own writes. */
function acceptedReason(revocation: Revocation, plan?: RevocationPlan): AcceptedReason {
  const said = acceptedOf(revocation)?.reason;
  const known = (["recorded", "alreadyRevoked", "reasonRaised"] as const).find(
    (one) => revocationReasons[one] === said,
  );
  if (known !== undefined) return known;
  if (plan?.do === "raise") return "reasonRaised";
  return plan?.do === "follow" && plan.already ? "alreadyRevoked" : "recorded";
}

function pending(reason: keyof typeof revocationReasons, message: string): ConditionState {
  return { type: "Accepted", status: "Unknown", reason: revocationReasons[reason], message };
}

async function reportListed(
  options: RevocationReconcilerOptions,
  revocation: Revocation,
  leaf: LeafOfProgress & RevocationStatus,
  reason: AcceptedReason,
  signal: AbortSignal,
): Promise<void> {
  const { authority } = leaf;
  const { anchors, published, crlNumber } = progressOf(options, [leaf]);
  // The first CRL that was read back with the serial stays the first.
  const numbers = [revocation.status?.crlNumber, crlNumber].filter((number) => number !== undefined);
  await writeRevocationStatus(
    options,
    revocation,
    {
      ...leaf,
      ...(options.authorities.get(authority) === undefined ? {} : { anchors: [...anchors] }),
      ...(numbers.length === 0 ? {} : { crlNumber: Math.min(...numbers) }),
    },
    [
      { type: "Accepted", status: "True", reason: revocationReasons[reason], message: acceptedMessages[reason] },
      published,
    ],
    signal,
  );
}

/** The change of the ledger record wakes the authority, whose list wakes this; but expired leaves are listed no more. */
async function reportUnlisted(
  options: RevocationReconcilerOptions,
  revocation: Revocation,
  plan: Exclude<RevocationPlan, { readonly do: "refuse" }>,
  reason: AcceptedReason,
  signal: AbortSignal,
): Promise<ReconcileResult | undefined> {
  const { leaf } = plan;
  const identity = identityOf(plan);
  if (Date.parse(leaf.notAfter) <= options.now().getTime() && !isAccepted(revocation)) {
    const message = `the certificate expired at ${leaf.notAfter}, before a CRL named it`;
    const refused = { type: "Accepted", status: "False", reason: revocationReasons.expired, message } as const;
    await writeRevocationStatus(options, revocation, identity, [refused], signal);
    return undefined;
  }
  const list = options.lists.get(`${options.namespace}/${generationName(leaf.authority, leaf.generation)}`);
  const queue = list?.status?.capacity?.waiting ?? 0;
  const conditions: readonly ConditionState[] = isAccepted(revocation)
    ? []
    : queue > 0
      ? [pending("noRoom", `it is revoked in the ledger, and waits with ${queue} others for room in the CRL`)]
      : reason === "recorded"
        ? []
        : [pending(reason, `${acceptedMessages[reason]}; the CRL is on its way`)];
  await writeRevocationStatus(options, revocation, identity, conditions, signal);
  return queue > 0 ? { requeueAfterMs: noRoomRetryMs } : undefined;
}
