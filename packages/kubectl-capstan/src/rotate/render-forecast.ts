import type { WaitReason } from "@capstan/ca-core";
import { formatLength, formatTime } from "../output/human-time.ts";
import { type Column, renderTable, type TableStyle } from "../output/table.ts";
import type { Forecast } from "./forecast-rotation.ts";
import { callsOf, describeAction } from "./rotation-words.ts";

/** A step of a plan, as `rotate --dry-run -o json` has it. */
export interface PlannedStep {
  /** RFC 3339; at the earliest. */
  readonly at: string;
  /** Name of the action in the rotation planner. */
  readonly action: string;
  readonly text: string;
  /** Operations of IAM Roles Anywhere that it calls. */
  readonly awsCalls: readonly string[];
  /** `code` as in conditions; `until` as RFC 3339. */
  readonly waitedFor?: { readonly code: string; readonly message: string; readonly until?: string };
}

/** What `rotate --dry-run -o json` prints. */
export interface RotationPlanDocument {
  readonly authority: string;
  /** RFC 3339: what was read is of this time. */
  readonly from: string;
  readonly steps: readonly PlannedStep[];
  /** How often trust anchors are read back meanwhile, each by GetTrustAnchor and ListCrls. */
  readonly readBacks: number;
  /** What the rotation cannot get over by itself; absent when it comes to its end. */
  readonly waitsFor?: { readonly code: string; readonly message: string };
}

export function planDocument({ steps, waitsFor }: Forecast, authority: string, from: number): RotationPlanDocument {
  const told: PlannedStep[] = [];
  let waitedFor: WaitReason | undefined;
  for (const step of steps) {
    // After a wait comes a reading, or what Capstan itself has to remember: the wait is told with the first step that is shown.
    waitedFor = step.waitedFor ?? waitedFor;
    const text = describeAction(step.action);
    if (text === undefined) continue;
    const { at, action } = step;
    told.push({
      at: formatTime(at),
      action: action.do,
      text,
      awsCalls: callsOf(action),
      ...(waitedFor === undefined ? {} : { waitedFor: waitDocument(waitedFor) }),
    });
    waitedFor = undefined;
  }
  return {
    authority,
    from: formatTime(from),
    steps: told,
    readBacks: steps.filter(({ action }) => action.do === "ReadAnchor").length,
    ...(waitsFor === undefined ? {} : { waitsFor: { code: waitsFor.code, message: waitsFor.message } }),
  };
}

function waitDocument({ code, message, until }: WaitReason): NonNullable<PlannedStep["waitedFor"]> {
  return { code, message, ...(until === undefined ? {} : { until: formatTime(until) }) };
}

export function renderPlan(plan: RotationPlanDocument, style: TableStyle): string {
  const from = Date.parse(plan.from);
  const columns: readonly Column<PlannedStep>[] = [
    { title: "AT", cell: ({ at }) => at },
    { title: "AFTER", cell: ({ at }) => formatLength(Date.parse(at) - from) },
    { title: "STEP", cell: ({ text }) => text },
    { title: "AWS CALLS", cell: ({ awsCalls }) => awsCalls.join(",") },
    { title: "WAITED FOR", cell: ({ waitedFor }) => waitedFor?.message ?? "" },
  ];
  return [
    `Plan for ${plan.authority}, if everything answers and nothing else is ordered; nothing was ordered yet\n`,
    plan.steps.length === 0 ? "nothing is to be done\n" : renderTable(columns, plan.steps, style),
    ...(plan.readBacks === 0
      ? []
      : [`Trust anchors are read back ${plan.readBacks} times meanwhile at least (GetTrustAnchor, ListCrls)\n`]),
    ...(plan.waitsFor === undefined ? [] : [`Goes no further by itself: ${plan.waitsFor.message}\n`]),
  ].join("");
}
