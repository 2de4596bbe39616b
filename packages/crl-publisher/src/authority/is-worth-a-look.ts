import type { CertificateAuthority } from "@capstan/api";
import type { ReflectorChange } from "@capstan/kube";

/**
 * Whether a change of an authority can change what is to be done for it. Our own writes of its status cannot: looking
 * again at once would spend the backoff, and a message that differs each time would never let it rest.
 */
export function isWorthALook({ previous, current }: ReflectorChange<CertificateAuthority>): boolean {
  // New, gone, or the same object told again by a resync.
  if (previous === undefined || current === undefined || previous === current) return true;
  const [before, now] = [previous.metadata, current.metadata];
  return (
    before.uid !== now.uid || before.generation !== now.generation || before.deletionTimestamp !== now.deletionTimestamp
  );
}
