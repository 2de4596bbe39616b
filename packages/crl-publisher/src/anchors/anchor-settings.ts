import type { CertificateAuthority } from "@capstan/api";
import type { NotificationSetting, WantedNotification } from "@capstan/rolesanywhere";
import type { AnchorSpec } from "../authority/authority-parts.ts";
import type { FoundAnchor } from "./read-anchor.ts";
import { awsAnchorName } from "./aws-names.ts";
import { statusOfAnchor } from "./status-of-anchor.ts";

/**
 * Leaves are renewed every day, so AWS's default of 45 days would warn of every single one each day. Of a root it warns when
 * its rotation is long overdue.
 */
export const notificationSettings: readonly WantedNotification[] = [
  { event: "END_ENTITY_CERTIFICATE_EXPIRY", enabled: false },
  { event: "CA_CERTIFICATE_EXPIRY", enabled: true, thresholdDays: 14 },
];

/** What somebody has changed of a trust anchor that Capstan made, beside its certificates. */
export interface ChangedSettings {
  /** As Capstan has set them, and AWS does not have them any more. */
  readonly notifications: readonly WantedNotification[];
  /** What was found, in words for people; empty for nothing. */
  readonly found: readonly string[];
}

const UNCHANGED: ChangedSettings = { notifications: [], found: [] };

/**
 * Compares what was read with what Capstan gave to the trust anchor when it made it. Of one that it did not make it has set
 * nothing, and of what AWS does not say nothing is known.
 */
export function changedSettings(
  authority: CertificateAuthority,
  spec: AnchorSpec,
  found: FoundAnchor | undefined,
): ChangedSettings {
  const { name, create = false, manage = true, ignore = false } = spec;
  // A stranger's may have the name that ours would have.
  const isOurs = create && statusOfAnchor(authority, spec)?.joined === true;
  if (!isOurs || !manage || ignore || found?.arn === undefined) return UNCHANGED;
  const wantedName = awsAnchorName(authority.metadata.name, name);
  const changed = notificationSettings.flatMap((wanted) => {
    const is = found.notificationSettings?.find(({ event }) => event === wanted.event);
    return is === undefined || isAsWanted(is, wanted) ? [] : [{ is, wanted }];
  });
  return {
    notifications: changed.map(({ wanted }) => wanted),
    found: [
      ...changed.map(
        ({ is, wanted }) => `${is.event} is ${inWords(is)} instead of ${inWords(wanted)}, and is put back`,
      ),
      ...(found.name === undefined || found.name === wantedName
        ? []
        : [`its name is ${found.name} instead of ${wantedName}, and is left so`]),
    ].map((what) => `Trust anchor ${name} was changed by somebody: ${what}`),
  };
}

function isAsWanted(is: NotificationSetting, wanted: WantedNotification): boolean {
  return is.enabled === wanted.enabled && (!wanted.enabled || is.thresholdDays === wanted.thresholdDays);
}

function inWords({ enabled, thresholdDays }: { readonly enabled: boolean; readonly thresholdDays?: number }): string {
  return enabled ? `on, ${thresholdDays ?? "?"} days before` : "off";
}
