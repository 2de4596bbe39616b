import { type Account, findById, NAME, newResource, type Resource, timestamp } from "./account.ts";
import { readBundle, shownBundle } from "./bundle.ts";
import type { Certificate } from "./certificate.ts";
import { notEmulated, quotaExceeded, validation } from "./errors.ts";
import { type Field, flag, object, optional, readInput, required, text } from "./input.ts";
import {
  NOTIFICATION_SETTING_KEYS,
  NOTIFICATION_SETTINGS,
  notificationDetails,
  type NotificationSettings,
  putNotificationSettings,
  resetNotificationSettings,
} from "./notification-settings.ts";
import type { Operation } from "./operation.ts";
import { page } from "./paging.ts";
import { setTags, TAGS } from "./tags.ts";

export interface TrustAnchor extends Resource {
  /** `x509CertificateData` as sent. */
  readonly bundle: string;
  readonly certificates: readonly Certificate[];
  /** What `bundle` was before its last change; undefined when it never changed. */
  readonly previousBundle: string | undefined;
  readonly notificationSettings: NotificationSettings;
}

const MAX_TRUST_ANCHORS = 50;

interface Source {
  readonly sourceType: string;
  readonly sourceData: { readonly x509CertificateData: string | undefined; readonly acmPcaArn: string | undefined };
}

function sourceOf(account: Account): Field<Source> {
  return object({
    sourceType: required(text({ oneOf: ["AWS_ACM_PCA", "CERTIFICATE_BUNDLE", "SELF_SIGNED_REPOSITORY"] })),
    sourceData: required(
      object({
        x509CertificateData: optional(text({ min: 1, max: Number(account.unknowns.bundleLimit) })),
        acmPcaArn: optional(text({})),
      }),
    ),
  });
}

const CREATE = {
  name: required(text(NAME)),
  enabled: optional(flag),
  tags: optional(TAGS),
  notificationSettings: optional(NOTIFICATION_SETTINGS),
};

const UPDATE = { name: optional(text(NAME)) };

const ID = { trustAnchorId: required(text({})) };

const PUT_NOTIFICATIONS = { ...ID, notificationSettings: required(NOTIFICATION_SETTINGS) };

const RESET_NOTIFICATIONS = { ...ID, notificationSettingKeys: required(NOTIFICATION_SETTING_KEYS) };

const ITEM = "/trustanchor/{id}";

export const trustAnchorOperations: readonly Operation[] = [
  {
    name: "CreateTrustAnchor",
    method: "POST",
    path: "/trustanchors",
    status: 201,
    quota: "trust-anchors",
    handle(account, { body }) {
      const {
        name,
        source,
        enabled,
        tags,
        notificationSettings: notifications = [],
      } = readInput({ ...CREATE, source: required(sourceOf(account)) }, body);
      const content = readSource(source, account);
      const notificationSettings = putNotificationSettings(new Map(), notifications);
      if (account.trustAnchors.size >= MAX_TRUST_ANCHORS) {
        throw quotaExceeded(account.unknowns, `An account can have ${MAX_TRUST_ANCHORS} trust anchors in a region.`);
      }
      const resource = newResource(account, "trust-anchor", { name, enabled });
      const anchor = { ...resource, ...content, previousBundle: undefined, notificationSettings };
      setTags(account, anchor.arn, tags ?? []);
      return store(account, anchor);
    },
  },
  {
    name: "ListTrustAnchors",
    method: "GET",
    path: "/trustanchors",
    status: 200,
    quota: "trust-anchors",
    handle(account, { query }) {
      const { items, nextToken } = page([...account.trustAnchors.values()], query, account.unknowns);
      return { trustAnchors: items.map((anchor) => detail(account, anchor)), nextToken };
    },
  },
  {
    name: "GetTrustAnchor",
    method: "GET",
    path: ITEM,
    status: 200,
    quota: "trust-anchors",
    handle: (account, call) => ({ trustAnchor: detail(account, find(account, call.id)) }),
  },
  {
    name: "UpdateTrustAnchor",
    method: "PATCH",
    path: ITEM,
    status: 200,
    quota: "trust-anchors",
    handle(account, call) {
      const anchor = find(account, call.id);
      const { name, source } = readInput({ ...UPDATE, source: optional(sourceOf(account)) }, call.body);
      // The whole source is replaced: there is no way to add to a bundle, and no precondition. The last writer wins.
      const content = source === undefined ? {} : { ...readSource(source, account), previousBundle: anchor.bundle };
      return store(account, { ...anchor, ...content, name: name ?? anchor.name, updatedAt: account.now() });
    },
  },
  {
    name: "DeleteTrustAnchor",
    method: "DELETE",
    path: ITEM,
    status: 200,
    quota: "trust-anchors",
    handle(account, call) {
      const anchor = find(account, call.id);
      const crls = [...account.crls.values()].filter((crl) => crl.trustAnchorArn === anchor.arn);
      if (crls.length > 0 && account.unknowns.anchorWithCrls === "refuse") {
        throw validation("The trust anchor still has certificate revocation lists. Delete them first.");
      }
      if (account.unknowns.anchorWithCrls === "delete-crls") for (const crl of crls) account.crls.delete(crl.id);
      account.trustAnchors.delete(anchor.id);
      return { trustAnchor: detail(account, anchor) };
    },
  },
  ...[true, false].map((enabled): Operation => ({
    name: enabled ? "EnableTrustAnchor" : "DisableTrustAnchor",
    method: "POST",
    path: `${ITEM}/${enabled ? "enable" : "disable"}`,
    status: 200,
    quota: "trust-anchors",
    handle: (account, call) => store(account, { ...find(account, call.id), enabled, updatedAt: account.now() }),
  })),
  {
    name: "PutNotificationSettings",
    method: "PATCH",
    path: "/put-notifications-settings",
    status: 200,
    quota: "trust-anchors",
    handle(account, { body }) {
      const { trustAnchorId, notificationSettings: given } = readInput(PUT_NOTIFICATIONS, body);
      const anchor = find(account, trustAnchorId);
      const notificationSettings = putNotificationSettings(anchor.notificationSettings, given);
      return store(account, { ...anchor, notificationSettings, updatedAt: account.now() });
    },
  },
  {
    name: "ResetNotificationSettings",
    method: "PATCH",
    path: "/reset-notifications-settings",
    status: 200,
    quota: "trust-anchors",
    handle(account, { body }) {
      const { trustAnchorId, notificationSettingKeys } = readInput(RESET_NOTIFICATIONS, body);
      const anchor = find(account, trustAnchorId);
      const notificationSettings = resetNotificationSettings(anchor.notificationSettings, notificationSettingKeys);
      return store(account, { ...anchor, notificationSettings, updatedAt: account.now() });
    },
  },
];

function readSource(source: Source, account: Account): Pick<TrustAnchor, "bundle" | "certificates"> {
  if (source.sourceType !== "CERTIFICATE_BUNDLE") throw notEmulated(`sourceType ${source.sourceType}`);
  const { x509CertificateData, acmPcaArn } = source.sourceData;
  if (x509CertificateData === undefined || acmPcaArn !== undefined) {
    throw validation("sourceData of a CERTIFICATE_BUNDLE must have x509CertificateData and nothing else.");
  }
  return { bundle: x509CertificateData, certificates: readBundle(x509CertificateData, account) };
}

function find(account: Account, id: string): TrustAnchor {
  return findById(account.trustAnchors, id, "trustAnchorId");
}

function store(account: Account, anchor: TrustAnchor): unknown {
  account.trustAnchors.set(anchor.id, anchor);
  return { trustAnchor: detail(account, anchor) };
}

function detail(account: Account, anchor: TrustAnchor): unknown {
  return {
    trustAnchorId: anchor.id,
    trustAnchorArn: anchor.arn,
    name: anchor.name,
    source: {
      sourceType: "CERTIFICATE_BUNDLE",
      sourceData: { x509CertificateData: shownBundle(anchor.bundle, account.unknowns) },
    },
    enabled: anchor.enabled,
    notificationSettings: notificationDetails(anchor.notificationSettings, account.id),
    createdAt: timestamp(anchor.createdAt),
    updatedAt: timestamp(anchor.updatedAt),
  };
}
