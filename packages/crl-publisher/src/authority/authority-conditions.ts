import { authorityReasons, type Condition } from "@capstan/api";
import type { RotationPlan, WaitCode, WaitReason } from "@capstan/ca-core";
import type { AuthorityStatus } from "./authority-parts.ts";

/** A condition without the times that `setCondition` adds. */
export type ConditionState = Pick<Condition, "type" | "status" | "reason" | "message">;

/** What is said of an authority by what its rotation waits for. */
export interface AuthorityState {
  readonly status: AuthorityStatus;
  readonly plan: RotationPlan;
  /** Trust anchors that are not ignored. */
  readonly anchors: readonly { readonly name: string; readonly joined: boolean }[];
  /** What somebody changed of trust anchors beside their certificates, in words. */
  readonly changed: readonly string[];
  /** Why the active generation's key cannot be used, beyond that it is missing. */
  readonly keyFault: string | undefined;
}

/** Reasons that lie in what a trust anchor is or holds, so that somebody has to change it in AWS. */
const CONFLICTS: ReadonlySet<WaitCode> = new Set([
  "AnchorMissing",
  "AnchorDisabled",
  "AnchorNotABundle",
  "CreateAnchorByHand",
  "AddRootByHand",
  "RemoveRootByHand",
  "AddCrlByHand",
  "RemoveCrlByHand",
  "Drift",
  "DisableAnchorByHand",
  "NoRoom",
  "NoCrlRoom",
]);

/** What else keeps a trust anchor from being in sync. */
const OTHER_FAULTS: ReadonlySet<WaitCode> = new Set([
  "AnchorUnreachable",
  "WrongAccount",
  "AnchorDisabledByOrder",
  "GeneralLeaves",
]);

/** Ready, TrustAnchorsInSync, Rotating and Drift. */
export function authorityConditions(state: AuthorityState): readonly ConditionState[] {
  return [ready(state), inSync(state), rotating(state), drift(state)];
}

/** Everything that holds a step up, the most important first. */
export function reasonsOf(plan: RotationPlan): readonly WaitReason[] {
  return plan.next === "wait" ? [plan.reason, ...plan.notes] : plan.notes;
}

/** Whether leaves can be had: a rotation in progress, or an anchor that lost something, does not end issuing. */
function ready({ status, plan, keyFault }: AuthorityState): ConditionState {
  const { activeGeneration, frozen } = status;
  const not = (reason: string, message: string): ConditionState => ({
    type: "Ready",
    status: "False",
    reason,
    message,
  });
  const reasons = reasonsOf(plan);
  const keyMissing = reasons.find(
    ({ code, generation }) => code === "KeyMissing" && generation === (activeGeneration ?? generation),
  );
  if (keyMissing !== undefined) return not(authorityReasons.keyMissing, keyFault ?? keyMissing.message);
  if (activeGeneration === undefined) {
    return not(reasonOf(reasons), `No generation signs yet. ${messagesOf(reasons)}`);
  }
  if (frozen !== undefined) {
    const by = frozen.holds.map((hold) => (hold === "Operator" ? "an operator" : "a compromised generation"));
    return not(authorityReasons.frozen, `Issuing is held by ${by.join(" and ")} since ${frozen.since}`);
  }
  return {
    type: "Ready",
    status: "True",
    reason: authorityReasons.issuing,
    message: `Generation ${activeGeneration} signs`,
  };
}

function inSync({ plan, anchors }: AuthorityState): ConditionState {
  const type = "TrustAnchorsInSync";
  const reasons = reasonsOf(plan).filter(({ anchor }) => anchor !== undefined);
  const waiting = anchors.filter(({ joined }) => !joined).map(({ name }) => name);
  const faults = reasons.filter(({ code }) => CONFLICTS.has(code) || OTHER_FAULTS.has(code));
  if (waiting.length === 0 && faults.length === 0) {
    const count = anchors.length === 1 ? "The trust anchor was" : `All ${anchors.length} trust anchors were`;
    const message = anchors.length === 0 ? "There are no trust anchors" : `${count} read back with root and CRL`;
    return { type, status: "True", reason: authorityReasons.readBack, message };
  }
  const message = faults.length === 0 ? `Not joined yet: ${waiting.join(", ")}` : messagesOf(faults);
  return { type, status: "False", reason: reasonOf(reasons), message };
}

const IN_PROGRESS: ReadonlySet<string> = new Set(["Pending", "Published", "Draining"]);

function rotating({ status, plan }: AuthorityState): ConditionState {
  const type = "Rotating";
  const [reason] = reasonsOf(plan);
  const code = reason?.code ?? authorityReasons.inProgress;
  const said = reason?.message ?? "";
  const moving = (status.generations ?? []).filter(({ phase }) => IN_PROGRESS.has(phase));
  if (moving.length === 0) return { type, status: "False", reason: code, message: said };
  const phases = moving.map(({ number, phase }) => `Generation ${number} is ${phase}`).join(", ");
  return { type, status: "True", reason: code, message: `${phases}. ${said}` };
}

function drift({ plan, changed }: AuthorityState): ConditionState {
  const type = "Drift";
  const unknown = reasonsOf(plan).filter(({ code }) => code === "Drift");
  if (unknown.length === 0 && changed.length === 0) {
    const message = "No trust anchor holds an unknown certificate, or was changed by somebody else";
    return { type, status: "False", reason: authorityReasons.nothingFound, message };
  }
  const reason = unknown.length === 0 ? authorityReasons.changedSettings : authorityReasons.unknownCertificate;
  const found = [...(unknown.length === 0 ? [] : [messagesOf(unknown)]), ...changed];
  return { type, status: "True", reason, message: found.join("; ") };
}

function reasonOf(reasons: readonly WaitReason[]): string {
  if (reasons.some(({ code }) => CONFLICTS.has(code))) return authorityReasons.anchorConflict;
  if (reasons.some(({ code }) => code === "WrongAccount")) return authorityReasons.wrongAccount;
  if (reasons.some(({ code }) => code === "AnchorUnreachable")) return authorityReasons.awsUnavailable;
  if (reasons.some(({ code }) => code === "GeneralLeaves")) return authorityReasons.generalLeaves;
  if (reasons.some(({ code }) => code === "AnchorDisabledByOrder")) return authorityReasons.anchorDisabled;
  return authorityReasons.registering;
}

function messagesOf(reasons: readonly WaitReason[]): string {
  return [...new Set(reasons.map(({ message }) => message))].join("; ");
}
