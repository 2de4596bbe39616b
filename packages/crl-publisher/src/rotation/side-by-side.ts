import type { RotationAction, RotationPlan } from "@capstan/ca-core";
import type { RotationOptions } from "./rotation-options.ts";

/** What an anchor is read by, and its CRL published: no other anchor's affair, so that nobody waits for it. */
const SIDE_BY_SIDE: ReadonlySet<RotationAction["do"]> = new Set(["ReadAnchor", "ImportCrl"]);

/** Calls that may be under way at once. Those of one account and region have one pace all the same. */
export const mostUnderWay = 8;

type AnchorCall = Extract<RotationAction, { readonly do: "ReadAnchor" | "ImportCrl" }>;

/** The call that a plan asks for, if it may be under way beside others. */
export function besideOthers(plan: RotationPlan): AnchorCall | undefined {
  return plan.next === "act" && SIDE_BY_SIDE.has(plan.action.do) ? (plan.action as AnchorCall) : undefined;
}

/** How long a look waits for what is under way, where `RotationOptions` does not say: longer than an answer takes that comes. */
const patienceMs = 2_000;

/** Resolves when all have ended, or when patience has. Real time: what is waited for are sockets. */
export async function untilEnded(
  underWay: readonly Promise<void>[],
  options: Pick<RotationOptions, "patienceMs">,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeOut = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, options.patienceMs ?? patienceMs);
  });
  try {
    await Promise.race([Promise.all(underWay), timeOut]);
  } finally {
    clearTimeout(timer);
  }
}
