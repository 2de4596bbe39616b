import { type Field, flag, list, object, optional, required, text, wholeNumber } from "./input.ts";
import { validation } from "./errors.ts";

// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/customize-notification-settings.html

export type NotificationEvent = "CA_CERTIFICATE_EXPIRY" | "END_ENTITY_CERTIFICATE_EXPIRY";

interface NotificationSetting {
  readonly enabled: boolean;
  /** Days before the certificate expires. */
  readonly threshold: number | undefined;
}

/** What somebody has set, by event. Whatever is not in it has its default. */
export type NotificationSettings = ReadonlyMap<NotificationEvent, NotificationSetting>;

/** What every trust anchor has until somebody changes it. */
const DEFAULTS: Readonly<Record<NotificationEvent, NotificationSetting>> = {
  CA_CERTIFICATE_EXPIRY: { enabled: true, threshold: 45 },
  END_ENTITY_CERTIFICATE_EXPIRY: { enabled: true, threshold: 45 },
};

const EVENTS = Object.keys(DEFAULTS) as readonly NotificationEvent[];

const MAX_SETTINGS = 50;
export const EVENT: Field<string> = required(text({ oneOf: EVENTS }));
const CHANNEL = optional(text({ oneOf: ["ALL"] }));

interface GivenSetting {
  readonly event: string;
  readonly enabled: boolean;
  readonly threshold: number | undefined;
}

/** The `notificationSettings` member of CreateTrustAnchor and PutNotificationSettings. */
export const NOTIFICATION_SETTINGS: Field<readonly GivenSetting[]> = list(
  object({
    event: EVENT,
    enabled: required(flag),
    threshold: optional(wholeNumber({ min: 1, max: 360 })),
    channel: CHANNEL,
  }),
  { max: MAX_SETTINGS },
);

/** The `notificationSettingKeys` member of ResetNotificationSettings. */
export const NOTIFICATION_SETTING_KEYS: Field<readonly Pick<GivenSetting, "event">[]> = list(
  object({ event: EVENT, channel: CHANNEL }),
  { max: MAX_SETTINGS },
);

/** Settings of the events that are named take the place of what was there; the others stay. @throws {ServiceError} */
export function putNotificationSettings(
  settings: NotificationSettings,
  given: readonly GivenSetting[],
): NotificationSettings {
  const incomplete = given.find((setting) => setting.enabled && setting.threshold === undefined);
  if (incomplete !== undefined) {
    throw validation(`The notification setting of ${incomplete.event} is enabled and needs a threshold.`);
  }
  const put = given.map(
    ({ event, enabled, threshold }) => [event as NotificationEvent, { enabled, threshold }] as const,
  );
  return new Map([...settings, ...put]);
}

/** The events that are named get their default back. */
export function resetNotificationSettings(
  settings: NotificationSettings,
  keys: readonly Pick<GivenSetting, "event">[],
): NotificationSettings {
  return new Map([...settings].filter(([event]) => keys.every((key) => key.event !== event)));
}

/** Every event's setting and who configured it, as trust anchors show it. */
export function notificationDetails(settings: NotificationSettings, accountId: string): readonly unknown[] {
  return EVENTS.map((event) => ({
    event,
    channel: "ALL",
    ...(settings.get(event) ?? DEFAULTS[event]),
    configuredBy: settings.has(event) ? accountId : "rolesanywhere.amazonaws.com",
  }));
}
