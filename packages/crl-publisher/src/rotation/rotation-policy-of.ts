import { type CertificateAuthority, parseDuration } from "@capstan/api";
import { rotationPolicy, type RotationPolicy } from "@capstan/ca-core";

const shortestReadingMs = 5_000;

/**
 * The rotation's times as an authority's spec has them. A trust anchor is read three times in a soak, and every five
 * minutes at least.
 */
export function rotationPolicyOf({ maxLeafDuration, rotation = {} }: CertificateAuthority["spec"]): RotationPolicy {
  const defaults = rotationPolicy(parseDuration(maxLeafDuration));
  const given = (text: string | undefined, otherwise: number): number =>
    text === undefined ? otherwise : parseDuration(text);
  const soakMs = given(rotation.soak, defaults.soakMs);
  return {
    ...defaults,
    leadMs: given(rotation.leadTime, defaults.leadMs),
    soakMs,
    retentionMs: given(rotation.retention, defaults.retentionMs),
    publishDeadlineMs: given(rotation.deadline, defaults.publishDeadlineMs),
    readEveryMs: Math.min(defaults.readEveryMs, Math.max(shortestReadingMs, soakMs / defaults.readBacks)),
  };
}
