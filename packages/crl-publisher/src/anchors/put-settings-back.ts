import type { RotationOptions } from "../rotation/rotation-options.ts";
import type { Seen } from "../rotation/seen.ts";
import { changedSettings } from "./anchor-settings.ts";
import { parseTrustAnchorArn } from "@capstan/rolesanywhere";

/**
 * Puts back the notification settings that Capstan gave to trust anchors of its own, once for each reading that lacks them, and
 * tells of what was found. No step of a rotation waits for it, so that nothing else suffers when AWS refuses it.
 *
 * @returns the calls that are under way
 */
export function putSettingsBack(options: RotationOptions, seen: Seen, signal: AbortSignal): readonly Promise<void>[] {
  const { events, log, memories, now, controlPlaneOf } = options;
  const { authority } = seen;
  const { name } = authority.metadata;
  return (authority.spec.trustAnchors ?? []).flatMap((spec) => {
    const memory = memories.of(name, spec);
    const { notifications, found } = changedSettings(authority, spec, memory.reading);
    const { arn, readAt } = memory.reading ?? {};
    if (arn === undefined || found.length === 0 || memory.underWaySince !== undefined) return [];
    if (memory.settingsToldOf === readAt) return [];
    memory.settingsToldOf = readAt;
    for (const note of found) {
      events.record({
        regarding: authority,
        action: "ReadAnchor",
        type: "Warning",
        reason: "TrustAnchorChanged",
        note,
      });
    }
    if (notifications.length === 0) return [];
    const { id } = parseTrustAnchorArn(arn);
    memory.begin(now().getTime(), async () => {
      try {
        const controlPlane = controlPlaneOf(name, spec);
        await controlPlane.putNotificationSettings({ id, settings: notifications }, signal);
        const { lastRequestId: requestId } = controlPlane;
        log.info(
          { authority: name, trustAnchor: spec.name, notifications, requestId },
          "put notification settings back",
        );
      } catch (error) {
        if (signal.aborted) throw error;
        log.warn({ authority: name, trustAnchor: spec.name, err: error }, "notification settings were not put back");
      }
    });
    return [memory.ended()];
  });
}
