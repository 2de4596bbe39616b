import type { RotationAction, RotationActionName } from "@capstan/ca-core";
import { writeStatus } from "../authority/write-status.ts";
import * as anchor from "./anchor-actions.ts";
import { announce } from "./announce.ts";
import * as key from "./key-actions.ts";
import { removeFinalizer } from "./let-go.ts";
import * as mark from "./mark-actions.ts";
import { mergeRevocations } from "./recover-actions.ts";
import type { RotationOptions } from "./rotation-options.ts";
import type { Seen } from "./seen.ts";
import { changeStatus, isStatusAction, type StatusActionName } from "./status-changes.ts";

/** What an action is carried out with. */
export interface CarryOut {
  readonly options: RotationOptions;
  /** What it was decided by: each write is guarded by the resourceVersions in it. */
  readonly seen: Seen;
  readonly signal: AbortSignal;
}

type OtherActionName = Exclude<RotationActionName, StatusActionName>;

/** Each is one write to Kubernetes, or one call that changes something in AWS, but for the last of all; and may be repeated. */
const ACTS: {
  readonly [K in OtherActionName]: (
    carry: CarryOut,
    action: Extract<RotationAction, { readonly do: K }>,
  ) => Promise<void>;
} = {
  ReadAnchor: anchor.read,
  CreateAnchor: anchor.create,
  WriteAnchor: anchor.writeBundle,
  DeleteAnchor: anchor.remove,
  DisableAnchor: anchor.disable,
  EnableAnchor: anchor.enable,
  ImportCrl: anchor.importCrl,
  DeleteCrl: anchor.deleteCrl,
  RunCanary: anchor.runCanary,
  RenewOwnLeaf: anchor.renewOwnLeaf,
  MakeGeneration: key.makeGeneration,
  DestroyKey: key.destroyKey,
  RemoveFinalizer: removeFinalizer,
  RestoreMark: mark.restoreMark,
  RaiseMark: mark.raiseMark,
  SealMark: mark.sealMark,
  BeginAbandon: mark.beginAbandon,
  MergeRevocations: mergeRevocations,
};

/**
 * Carries out what the planner decided.
 *
 * @throws {KubeApiError} 409 when somebody wrote meanwhile: then everything is looked at anew
 */
export async function carryOut(carry: CarryOut, action: RotationAction): Promise<void> {
  const { options, seen, signal } = carry;
  const { metadata } = seen.authority;
  if (isStatusAction(action)) {
    const status = changeStatus(seen, action, options.now().getTime());
    await writeStatus(options.client, seen.authority, status, signal);
  } else {
    const act = ACTS[action.do] as (carry: CarryOut, action: RotationAction) => Promise<void>;
    await act(carry, action);
  }
  options.log[action.do === "ReadAnchor" ? "debug" : "info"]({ authority: metadata.name, ...action }, "took a step");
  announce(options.events, seen, action);
}
