import { requestReasons } from "@capstan/api";
import { type CertificateRequest, conditionOf, type RequestCondition } from "./certificate-request.ts";

/** cert-manager shows a condition's message to people; etcd and terminals want it bounded. */
const maxMessageLength = 4_096;

export interface RequestStatus {
  readonly conditions: readonly RequestCondition[];
  readonly certificate?: string;
  readonly ca?: string;
  readonly failureTime?: string;
}

/** Everything this controller owns in a request's status, so that an apply never drops a part of it. */
export type RequestOutcome =
  | { readonly reason: typeof requestReasons.pending; readonly message: string }
  | { readonly reason: typeof requestReasons.failed | typeof requestReasons.denied; readonly message: string }
  | {
      readonly reason: typeof requestReasons.issued;
      readonly message: string;
      readonly certificate: string;
      readonly ca: string;
    };

/**
 * The status to apply for an outcome, or undefined when the request already says so. A final failure carries
 * failureTime beside the condition: cert-manager counts its backoff from it and needs both.
 */
export function statusFor(request: CertificateRequest, outcome: RequestOutcome, now: Date): RequestStatus | undefined {
  const time = `${now.toISOString().slice(0, 19)}Z`;
  const before = conditionOf(request, "Ready");
  const status = outcome.reason === requestReasons.issued ? "True" : "False";
  const message =
    outcome.message.length > maxMessageLength ? `${outcome.message.slice(0, maxMessageLength - 1)}…` : outcome.message;
  const condition: RequestCondition = {
    type: "Ready",
    status,
    reason: outcome.reason,
    message,
    lastTransitionTime:
      before?.status === status && before.lastTransitionTime !== undefined ? before.lastTransitionTime : time,
  };
  const final = outcome.reason === requestReasons.failed || outcome.reason === requestReasons.denied;
  const unchanged =
    before?.status === status &&
    before.reason === outcome.reason &&
    before.message === message &&
    (!final || request.status?.failureTime !== undefined);
  if (unchanged && outcome.reason !== requestReasons.issued) return undefined;
  return {
    conditions: [condition],
    ...(final ? { failureTime: request.status?.failureTime ?? time } : {}),
    ...(outcome.reason === requestReasons.issued
      ? { certificate: base64(outcome.certificate), ca: base64(outcome.ca) }
      : {}),
  };
}

function base64(pem: string): string {
  return Buffer.from(pem, "utf8").toString("base64");
}
