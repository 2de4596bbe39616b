import { authorityReasons, type CertificateAuthority, type Condition } from "@capstan/api";
import type { AnchorSync } from "../anchors/sync-anchor.ts";

type Status = NonNullable<CertificateAuthority["status"]>;
type GenerationStatus = NonNullable<Status["generations"]>[number];

/** A condition without the times that `setCondition` adds. */
export type ConditionState = Pick<Condition, "type" | "status" | "reason" | "message">;

export interface AuthorityState {
  readonly generation: Omit<GenerationStatus, "phase">;
  readonly phaseBefore: GenerationStatus["phase"] | undefined;
  /** One for each trust anchor of the spec, in its order. */
  readonly anchors: readonly AnchorSync[];
}

/**
 * The status of an authority with one generation. It becomes Active once every trust anchor was read back with its root
 * and CRL, and stays so: a later loss in an anchor is reported and repaired while issuing goes on.
 */
export function authorityStatus(state: AuthorityState): {
  readonly status: Omit<Status, "conditions" | "observedGeneration">;
  readonly conditions: readonly ConditionState[];
} {
  const { generation, anchors } = state;
  const everyAnchorHoldsIt = anchors.every(({ problem, status }) => problem === undefined && status.joined);
  const phase = state.phaseBefore === "Active" || everyAnchorHoldsIt ? "Active" : "Pending";
  const active = phase === "Active";
  return {
    status: {
      ...(active ? { activeGeneration: generation.number } : {}),
      ...(active && generation.notAfter !== undefined ? { notAfter: generation.notAfter } : {}),
      generations: [{ ...generation, phase }],
      trustAnchors: anchors.map(({ status }) => status),
    },
    conditions: [ready(active, generation.number, anchors), joined(anchors), crlCurrent(generation)],
  };
}

function ready(active: boolean, generation: number, anchors: readonly AnchorSync[]): ConditionState {
  if (active)
    return {
      type: "Ready",
      status: "True",
      reason: authorityReasons.issuing,
      message: `Generation ${generation} signs`,
    };
  return {
    type: "Ready",
    status: "False",
    reason: reasonOf(anchors),
    message: `Generation ${generation} waits for its trust anchors: ${messagesOf(anchors)}`,
  };
}

function joined(anchors: readonly AnchorSync[]): ConditionState {
  const type = "TrustAnchorsInSync";
  const waiting = anchors.filter(({ problem, status }) => problem !== undefined || !status.joined);
  if (waiting.length === 0) {
    const count = anchors.length === 1 ? "The trust anchor was" : `All ${anchors.length} trust anchors were`;
    return {
      type,
      status: "True",
      reason: "ReadBack",
      message: anchors.length === 0 ? "There are no trust anchors" : `${count} read back with root and CRL`,
    };
  }
  return { type, status: "False", reason: reasonOf(waiting), message: messagesOf(waiting) };
}

function crlCurrent({ crl }: AuthorityState["generation"]): ConditionState {
  const message = crl === undefined ? "" : `CRL ${crl.number} says what the ledger says`;
  return { type: "CRLCurrent", status: "True", reason: "Signed", message };
}

function reasonOf(anchors: readonly AnchorSync[]): string {
  const kinds = anchors.map(({ problem }) => problem?.kind);
  if (kinds.includes("conflict")) return authorityReasons.anchorConflict;
  return kinds.includes("aws") ? authorityReasons.awsUnavailable : authorityReasons.registering;
}

function messagesOf(anchors: readonly AnchorSync[]): string {
  return anchors
    .map(
      ({ status, problem }) => `${status.name}: ${problem?.message ?? (status.joined ? "in sync" : "not joined yet")}`,
    )
    .join("; ");
}
