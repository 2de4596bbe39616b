/**
 * What Capstan asks of the IAM Roles Anywhere control plane, in types of our own: whoever reads or manages trust anchors
 * and CRLs depends on this file, never on an AWS SDK.
 *
 * Every method
 * - rejects with a `RolesAnywhereError`, or with the signal's reason when `signal` aborts;
 * - waits its turn: one trust-anchor call and one CRL call a second, in the order in which they were made;
 * - sends one request per page or change and never repeats it: backoff is the caller's, guided by `retryable`.
 *
 * A write that ended in ERR_AWS_UNAVAILABLE may or may not have happened, and AWS has no precondition on writes:
 * read back and compare before deciding anything.
 *
 * @see https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/
 */
export interface RolesAnywhereControlPlane {
  /** AWS's own id of the last answer, for the log of whoever makes one call at a time. */
  readonly lastRequestId?: string | undefined;
  /** All trust anchors of the account in this region, over all pages. */
  listTrustAnchors(signal?: AbortSignal): Promise<readonly TrustAnchor[]>;
  /** `undefined` means that AWS said ResourceNotFoundException, nothing less. */
  getTrustAnchor(id: string, signal?: AbortSignal): Promise<TrustAnchor | undefined>;
  /** Creates it enabled. Names are not unique: list first, or a repeat makes a second one. */
  createTrustAnchor(input: CreateTrustAnchorInput, signal?: AbortSignal): Promise<TrustAnchor>;
  /** Replaces the whole bundle; the last writer wins. */
  updateTrustAnchor(input: UpdateTrustAnchorInput, signal?: AbortSignal): Promise<TrustAnchor>;
  enableTrustAnchor(id: string, signal?: AbortSignal): Promise<TrustAnchor>;
  /** From then on AWS refuses every new session under it; sessions that stand go on to their end. */
  disableTrustAnchor(id: string, signal?: AbortSignal): Promise<TrustAnchor>;
  /** That there is none is success. AWS refuses while the anchor has CRLs. */
  deleteTrustAnchor(id: string, signal?: AbortSignal): Promise<void>;
  /** Sets these; settings of other events stay as they are. */
  putNotificationSettings(input: PutNotificationSettingsInput, signal?: AbortSignal): Promise<TrustAnchor>;
  /** Back to AWS's defaults. */
  resetNotificationSettings(input: ResetNotificationSettingsInput, signal?: AbortSignal): Promise<TrustAnchor>;

  /** All CRLs of the account in this region, over all pages; AWS has no filter by trust anchor. */
  listCrls(signal?: AbortSignal): Promise<readonly Crl[]>;
  /** `undefined` means that AWS said ResourceNotFoundException, nothing less. */
  getCrl(id: string, signal?: AbortSignal): Promise<Crl | undefined>;
  /** Imports it enabled. Names are not unique and an anchor has two slots: list first, or a repeat takes the second. */
  importCrl(input: ImportCrlInput, signal?: AbortSignal): Promise<Crl>;
  /** Replaces the list's content; neither enables it nor moves it to another anchor. */
  updateCrl(input: UpdateCrlInput, signal?: AbortSignal): Promise<Crl>;
  enableCrl(id: string, signal?: AbortSignal): Promise<Crl>;
  /** That there is none is success. */
  deleteCrl(id: string, signal?: AbortSignal): Promise<void>;
}

export interface TrustAnchor {
  readonly id: string;
  readonly arn: string;
  readonly name: string;
  readonly enabled: boolean;
  /** As AWS reports it: CERTIFICATE_BUNDLE, AWS_ACM_PCA, SELF_SIGNED_REPOSITORY, or what it may add. */
  readonly sourceType: string;
  /** The PEM text as AWS returned it; absent when the source is not a bundle. Compare by `sameCertificates`. */
  readonly bundlePem?: string;
  /** What AWS warns of before it expires. Empty when AWS said nothing of it. */
  readonly notificationSettings: readonly NotificationSetting[];
}

/** @see https://docs.aws.amazon.com/rolesanywhere/latest/userguide/customize-notification-settings.html */
export interface NotificationSetting {
  /** CA_CERTIFICATE_EXPIRY, END_ENTITY_CERTIFICATE_EXPIRY, or what AWS may add. */
  readonly event: string;
  readonly enabled: boolean;
  /** How long before the expiry the daily warnings begin. */
  readonly thresholdDays?: number;
  /** `rolesanywhere.amazonaws.com` for a default, else the account. */
  readonly configuredBy?: string;
}

export type NotificationEvent = "CA_CERTIFICATE_EXPIRY" | "END_ENTITY_CERTIFICATE_EXPIRY";

/** A wanted setting. An enabled one needs its threshold of 1 to 360 days. */
export type WantedNotification =
  | { readonly event: NotificationEvent; readonly enabled: true; readonly thresholdDays: number }
  | { readonly event: NotificationEvent; readonly enabled: false };

export interface PutNotificationSettingsInput {
  /** Of the trust anchor. */
  readonly id: string;
  readonly settings: readonly WantedNotification[];
}

export interface ResetNotificationSettingsInput {
  /** Of the trust anchor. */
  readonly id: string;
  readonly events: readonly NotificationEvent[];
}

export interface Crl {
  readonly id: string;
  readonly arn: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly trustAnchorArn: string;
  /** The stored bytes as text. PEM if the importer followed AWS's documentation. */
  readonly crlPem: string;
}

export interface CreateTrustAnchorInput {
  /** 1 to 255 letters, digits, spaces, hyphens and underscores. */
  readonly name: string;
  /** One or two CERTIFICATE blocks in at most 8,000 characters, and nothing else. */
  readonly bundlePem: string;
  /** Default is AWS's own: both events, 45 days before. */
  readonly notificationSettings?: readonly WantedNotification[];
  readonly tags?: Tags;
}

export interface UpdateTrustAnchorInput {
  readonly id: string;
  /** One or two CERTIFICATE blocks in at most 8,000 characters, and nothing else. */
  readonly bundlePem: string;
  /**
   * This call's own `CallOptions.beforeSend`, after the one of all calls: the bundle is replaced whole, and what it was decided by
   * may have grown old while the call waited for its turn.
   */
  readonly beforeSend?: () => void;
}

export interface ImportCrlInput {
  /** 1 to 255 letters, digits, spaces, hyphens and underscores. */
  readonly name: string;
  /** Of this control plane's region. */
  readonly trustAnchorArn: string;
  /** One `X509 CRL` block in at most 300,000 bytes, and nothing else. */
  readonly crlPem: string;
  readonly tags?: Tags;
}

export interface UpdateCrlInput {
  readonly id: string;
  /** One `X509 CRL` block in at most 300,000 bytes, and nothing else. */
  readonly crlPem: string;
}

/** Tag keys and values; sending any needs the permission rolesanywhere:TagResource. */
export type Tags = Readonly<Record<string, string>>;
