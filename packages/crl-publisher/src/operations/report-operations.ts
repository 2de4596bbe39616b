import {
  apiVersion,
  type AuthorityOperation,
  authorityOperationResource,
  type Condition,
  operationReasons,
} from "@capstan/api";
import { formatTime, isConflict, isNotFound, setCondition } from "@capstan/kube";
import type { OperationStatus } from "../authority/authority-parts.ts";
import { fieldManager } from "../field-manager.ts";
import type { RotationOptions } from "../rotation/rotation-options.ts";
import type { Seen } from "../rotation/seen.ts";
import { isOver } from "./admit-operations.ts";

/**
 * Tells each operation's object how it goes. An outcome is told before the authority forgets the operation, so that none is
 * carried out twice.
 *
 * @param waitsFor what holds the next step up, for people
 * @returns the operations that the authority has still to remember
 */
export async function reportOperations(
  options: RotationOptions,
  { authority }: Seen,
  waitsFor: string,
  signal: AbortSignal,
): Promise<readonly OperationStatus[]> {
  const kept: OperationStatus[] = [];
  for (const entry of authority.status?.operations ?? []) {
    const message = entry.outcome === undefined ? waitsFor : (entry.message ?? "");
    const wasTold = await tell(options, entry, { phase: entry.outcome ?? "Accepted", message }, signal);
    if (entry.outcome === undefined || !wasTold) kept.push(entry);
  }
  return kept;
}

/** Refuses the operations that are ordered of an authority that does not exist. */
export async function refuseOperations(
  options: RotationOptions,
  authority: string,
  signal: AbortSignal,
): Promise<void> {
  const message = `CertificateAuthority ${authority} does not exist; create it, then order this again`;
  for (const operation of options.operations.byIndex("authority", authority)) {
    const { name, uid = "" } = operation.metadata;
    if (!isOver(operation)) await tell(options, { name, uid }, { phase: "Refused", message }, signal);
  }
}

/** Tells that a deleted authority was let go as was ordered: nobody is left to tell it afterwards. */
export async function tellReleased(
  options: RotationOptions,
  { authority }: Seen,
  message: string,
  signal: AbortSignal,
): Promise<void> {
  const [order] = (authority.status?.operations ?? []).filter(({ kind }) => kind === "Release");
  if (order !== undefined) await tell(options, order, { phase: "Done", message }, signal);
}

interface Progress {
  readonly phase: "Accepted" | "Done" | "Refused";
  readonly message: string;
}

/** @returns whether the object says so now, or is gone */
async function tell(
  { client, namespace, operations, now }: RotationOptions,
  { name, uid }: Pick<OperationStatus, "name" | "uid">,
  { phase, message: text }: Progress,
  signal: AbortSignal,
): Promise<boolean> {
  const message = text.slice(0, 2048);
  const cached = operations.get(`${namespace}/${name}`);
  const saysSo = ({ status }: AuthorityOperation): boolean => status?.phase === phase && status.message === message;
  if (phase === "Accepted" && cached !== undefined && saysSo(cached)) return true;
  const operation = await client.getOrUndefined<AuthorityOperation>(
    authorityOperationResource,
    { namespace, name },
    { signal },
  );
  if (operation === undefined || operation.metadata.uid !== uid || isOver(operation) || saysSo(operation)) return true;
  const { resourceVersion = "", generation: observedGeneration = 0 } = operation.metadata;
  const before = operation.status ?? {};
  const at = now().getTime();
  const complete = { type: "Complete", ...COMPLETE[phase], message, observedGeneration } as const;
  try {
    await client.apply(
      authorityOperationResource,
      {
        apiVersion,
        kind: "AuthorityOperation",
        metadata: { name, namespace, resourceVersion },
        status: {
          phase,
          message,
          acceptedAt: before.acceptedAt ?? formatTime(at),
          ...(phase === "Accepted" ? {} : { finishedAt: formatTime(at) }),
          conditions: setCondition<Condition>(before.conditions ?? [], complete, at),
        },
      },
      { fieldManager, force: true, subresource: "status", signal },
    );
    return true;
  } catch (error) {
    // Gone, or another of its name: the next look finds out.
    if (isConflict(error) || isNotFound(error)) return false;
    throw error;
  }
}

const COMPLETE: Readonly<Record<Progress["phase"], Pick<Condition, "status" | "reason">>> = {
  Accepted: { status: "False", reason: operationReasons.inProgress },
  Done: { status: "True", reason: operationReasons.done },
  Refused: { status: "False", reason: operationReasons.refused },
};
