import type { CertificateAuthority } from "@capstan/api";
import { type EventRecorder, findCondition, type ReflectorChange } from "@capstan/kube";

/**
 * Writes an event when the condition CRLCapacity of an authority comes into another state: a warning with what to do for each
 * step towards full, and a word when there is room again. What was so when this process began was told before.
 */
export function announceCapacity(
  events: Pick<EventRecorder, "record">,
  { previous, current }: Pick<ReflectorChange<CertificateAuthority>, "previous" | "current">,
): void {
  if (previous === undefined || current === undefined || previous.metadata.uid !== current.metadata.uid) return;
  const [before, now] = [previous, current].map(({ status }) => findCondition(status?.conditions, "CRLCapacity"));
  if (before === undefined || now === undefined || before.reason === now.reason) return;
  events.record({
    regarding: current,
    type: now.status === "True" ? "Normal" : "Warning",
    reason: `CRL${now.reason}`,
    action: "Publish",
    note: now.message ?? "",
  });
}
