import { requestReasons } from "@capstan/api";
import type { KubeObject } from "@capstan/kube";
import { type CertificateRequest, conditionOf } from "./certificate-request.ts";

const finalReasons: ReadonlySet<string> = new Set([
  requestReasons.issued,
  requestReasons.failed,
  requestReasons.denied,
]);

/** Whether the request has its last answer: it is issued, failed or denied. */
export function isAnswered(request: CertificateRequest): boolean {
  const { reason = "" } = conditionOf(request, "Ready") ?? {};
  return (request.status?.certificate ?? "") !== "" || finalReasons.has(reason);
}

/** Stands for a certificate that was left out of the cache. */
export const leftOut = "left out of the cache";

/**
 * A request as the cache keeps it: nobody reads a status's certificates, and of an answered request nobody reads what it
 * asked. That is most of its bytes, and answered requests are most of a cluster's.
 */
export function withoutAnsweredParts(request: CertificateRequest & KubeObject): CertificateRequest & KubeObject {
  const { certificate, conditions, failureTime } = request.status ?? {};
  return {
    ...request,
    spec: isAnswered(request) ? { ...request.spec, request: "" } : request.spec,
    ...(request.status === undefined
      ? {}
      : {
          status: {
            ...(conditions === undefined ? {} : { conditions }),
            ...(failureTime === undefined ? {} : { failureTime }),
            ...((certificate ?? "") === "" ? {} : { certificate: leftOut }),
          },
        }),
  };
}
