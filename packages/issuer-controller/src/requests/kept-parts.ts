import { requestReasons } from "@capstan/api";
import type { KubeObject } from "@capstan/kube";
import { certificateAnnotation } from "@capstan/policy";
import { keptConditions, keptMetadata, leftOut, pick, sizeFaults } from "./bounds.ts";
import { type CertificateRequest, conditionOf, ownerReferenceOf } from "./certificate-request.ts";

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

const longestName = 253;

/**
 * A request as the cache keeps it: what is read of it and nothing else, since whoever may create one says how large it is.
 * Nobody reads a status's certificates, and of an answered request nobody reads what it asked: that is most of its bytes, and
 * answered requests are most of a cluster's. A request that is too large to be kept says so, and is refused.
 */
export function keptParts(request: CertificateRequest & KubeObject): CertificateRequest & KubeObject {
  const { apiVersion, kind, spec } = request;
  const named = { apiVersion, kind, metadata: keptMetadata(request), ...keptStatus(request) };
  const { issuerRef } = spec;
  // No issuer has a longer one.
  const name = issuerRef.name.length > longestName ? "" : issuerRef.name;
  const without = { ...named, spec: { issuerRef: { ...pick(issuerRef, ["group", "kind"]), name }, request: "" } };
  if (isAnswered(request)) return without;
  const owner = ownerReferenceOf(request);
  const whole = {
    ...named,
    metadata: {
      ...named.metadata,
      annotations: pick(request.metadata.annotations ?? {}, [certificateAnnotation]),
      ...(owner === undefined ? {} : { ownerReferences: [owner] }),
    },
    spec: pick(spec, ["issuerRef", "request", "duration", "isCA", "usages", "username", "uid", "groups", "extra"]),
  };
  const tooLarge = sizeFaults(whole);
  return tooLarge.length === 0 ? whole : { ...without, tooLarge };
}

function keptStatus(request: CertificateRequest): Pick<CertificateRequest, "status"> {
  const { status } = request;
  if (status === undefined) return {};
  const { certificate = "", conditions, failureTime } = status;
  const types = ["Ready", "Approved", "Denied", "InvalidRequest"];
  return {
    status: {
      ...(conditions === undefined
        ? {}
        : { conditions: keptConditions(conditions, types, isAnswered(request) ? "answered" : "waiting") }),
      ...(failureTime === undefined ? {} : { failureTime }),
      ...(certificate === "" ? {} : { certificate: leftOut }),
    },
  };
}
