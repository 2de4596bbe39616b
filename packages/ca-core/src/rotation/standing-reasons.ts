import { driftIn } from "./guards/every-anchor.ts";
import type { WaitReason } from "./reason.ts";
import type { RotationView } from "./view.ts";

/** What an operator must know whether or not a step waits for it: these come first. */
export function standingReasons(view: RotationView): readonly WaitReason[] {
  const { guards, anchors, active, draining, observation } = view;
  const found: (WaitReason | undefined)[] = [
    guards.timeIsTrusted(view),
    guards.stateIsCurrent(view),
    active === undefined ? undefined : guards.keyIsPresent(view, active),
  ];
  for (const anchor of anchors) {
    const waits = (active === undefined ? draining : [active, ...draining]).flatMap((generation) => {
      const general = guards.generalLeavesHaveEnded(view, generation);
      return general === undefined ? [] : [{ ...general, anchor: anchor.name }];
    });
    found.push(...waits);
    const ordered = guards.isNotDisabledByOrder(view, anchor);
    found.push(driftIn(view, anchor), ordered, guards.isReachable(view, anchor));
    if (anchor.reading === undefined || ordered !== undefined) continue;
    // It is ours to create, and not yet.
    if (waits.length > 0 && anchor.create && anchor.reading.state === "Missing") continue;
    found.push(
      anchor.reading.state === "Disabled"
        ? {
            code: "AnchorDisabled",
            anchor: anchor.name,
            message: `Trust anchor ${anchor.name} is disabled: nobody gets a session by it; enable it in AWS, or set ignore`,
          }
        : guards.isBundle(view, anchor),
    );
  }
  const { freeze } = observation;
  if ((freeze.byOperator || freeze.byCompromise) && !freeze.acknowledged) {
    found.push({
      code: "FreezeNotAcknowledged",
      message: "Issuing is held, and the issuer has not yet said that it stands still",
    });
  }
  return found.filter((reason) => reason !== undefined);
}
