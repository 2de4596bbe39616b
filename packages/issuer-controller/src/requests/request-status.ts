import { failureReasons, requestReasons } from "@capstan/api";
import { formatTime, setCondition } from "@capstan/kube";
import { boundedMessage } from "./bounded-message.ts";
import { type CertificateRequest, conditionOf, type RequestCondition } from "./certificate-request.ts";
import type { FailureReason, Outcome } from "./outcome.ts";

/** Everything this controller owns in a request's status, so that an apply never drops a part of it. */
export interface RequestStatus {
  readonly conditions: readonly RequestCondition[];
  readonly certificate?: string;
  readonly ca?: string;
  readonly failureTime?: string;
}

const readyReasons: Readonly<Record<Outcome["is"], string>> = {
  Pending: requestReasons.pending,
  Issued: requestReasons.issued,
  Failed: requestReasons.failed,
  Denied: requestReasons.denied,
};

/** Failures that lie in the request itself: as it stands it can never be signed. */
const invalidReasons: ReadonlySet<FailureReason> = new Set([
  failureReasons.refused,
  failureReasons.invalidDuration,
  failureReasons.unreadableDuration,
  failureReasons.deniedReference,
]);

/**
 * The status to apply for an outcome, or undefined when the request already says so. A final failure carries
 * failureTime beside the condition: cert-manager counts its backoff from it and needs both. A request that can never be
 * signed is InvalidRequest as well, in the same write.
 */
export function statusFor(request: CertificateRequest, outcome: Outcome, now: Date): RequestStatus | undefined {
  const { conditions: before = [], failureTime } = request.status ?? {};
  const message = boundedMessage(outcome.message);
  const next: readonly Omit<RequestCondition, "lastTransitionTime">[] = [
    {
      type: "Ready",
      status: outcome.is === "Issued" ? "True" : "False",
      reason: readyReasons[outcome.is],
      message,
    },
    ...(outcome.is === "Failed" && outcome.reason !== undefined && invalidReasons.has(outcome.reason)
      ? [{ type: "InvalidRequest", status: "True", reason: outcome.reason, message } as const]
      : []),
  ];
  const after = next.reduce((conditions, one) => setCondition(conditions, one, now.getTime()), before);
  const isFailure = outcome.is === "Failed" || outcome.is === "Denied";
  const isSaid = after === before && (!isFailure || failureTime !== undefined);
  if (isSaid && outcome.is !== "Issued") return undefined;
  const own = new Set(next.map(({ type }) => type));
  return {
    conditions: after.filter(({ type }) => own.has(type)),
    ...(isFailure ? { failureTime: failureTime ?? formatTime(now.getTime()) } : {}),
    ...(outcome.is === "Issued" ? { certificate: base64(outcome.certificate), ca: base64(outcome.ca) } : {}),
  };
}

/** What the request has been told last, in whatever words; undefined when that was nothing of ours. */
export function lastTold(request: CertificateRequest): Outcome["is"] | undefined {
  const reason = conditionOf(request, "Ready")?.reason;
  return outcomes.find((is) => readyReasons[is] === reason);
}

const outcomes = ["Pending", "Issued", "Failed", "Denied"] as const;

function base64(pem: string): string {
  return Buffer.from(pem, "utf8").toString("base64");
}
