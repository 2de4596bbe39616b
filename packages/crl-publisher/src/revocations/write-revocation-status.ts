import { isDeepStrictEqual } from "node:util";
import { apiVersion, type Condition, type Revocation, revocationResource } from "@capstan/api";
import { findCondition, type KubeClient, type Logger, setCondition } from "@capstan/kube";
import { fieldManager } from "../field-manager.ts";
import type { ConditionState } from "./revocation-progress.ts";

/** Less `reissue`, which the issuer controller writes. */
export type RevocationStatus = Omit<NonNullable<Revocation["status"]>, "reissue" | "conditions">;

interface Writer {
  readonly client: KubeClient;
  readonly now: () => Date;
  readonly onOutcome?: ((reason: string) => void) | undefined;
  readonly log: Logger;
}

/** Writes what a Revocation's status says now, unless it says so already. Conditions that are not among `next` stay. */
export async function writeRevocationStatus(
  { client, now, onOutcome, log }: Writer,
  revocation: Revocation,
  status: RevocationStatus,
  next: readonly ConditionState[],
  signal: AbortSignal,
): Promise<void> {
  const { name, namespace, generation: observedGeneration = 0 } = revocation.metadata;
  const { reissue: _issuers, ...before } = revocation.status ?? {};
  let conditions: readonly Condition[] = before.conditions ?? [];
  for (const condition of next)
    conditions = setCondition(conditions, { ...condition, observedGeneration }, now().getTime());
  const update = { ...status, ...(conditions.length === 0 ? {} : { conditions }) };
  if (isDeepStrictEqual(update, before)) return;
  await client.apply(
    revocationResource,
    {
      apiVersion,
      kind: "Revocation",
      metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
      status: update,
    },
    { fieldManager, force: true, subresource: "status", signal },
  );
  const newly = (type: string): Condition | undefined => {
    const [was, is] = [findCondition(before.conditions, type), findCondition(conditions, type)];
    return is !== undefined && is.status !== "Unknown" && is.status !== was?.status ? is : undefined;
  };
  const { uid } = revocation.metadata;
  const { serial, authority: of, generation: by, certificates, crlNumber } = status;
  const fields = { namespace, name, uid, serial, authority: of, generation: by, certificates };
  const [accepted, published] = [newly("Accepted"), newly("Published")];
  if (accepted !== undefined) {
    log.info(
      { ...fields, reason: accepted.reason },
      `${accepted.status === "True" ? "accepted" : "refused"} a revocation`,
    );
    onOutcome?.(accepted.reason);
  }
  if (published?.status === "True") log.info({ ...fields, crlNumber }, "published a revocation");
}

/** Says for good that nothing is revoked, and why. */
export async function refuse(
  writer: Writer,
  revocation: Revocation,
  { reason, message }: Pick<ConditionState, "reason" | "message">,
  signal: AbortSignal,
): Promise<void> {
  await writeRevocationStatus(
    writer,
    revocation,
    {},
    [{ type: "Accepted", status: "False", reason, message: message ?? "" }],
    signal,
  );
}

export function acceptedOf({ status }: Revocation): Condition | undefined {
  return findCondition(status?.conditions, "Accepted");
}

export function isAccepted(revocation: Revocation): boolean {
  return acceptedOf(revocation)?.status === "True";
}

export function isRefused(revocation: Revocation): boolean {
  return acceptedOf(revocation)?.status === "False";
}
