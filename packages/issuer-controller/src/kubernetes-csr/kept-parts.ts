import type { KubeObject } from "@capstan/kube";
import { keptConditions, keptMetadata, leftOut, pick, sizeFaults } from "../requests/bounds.ts";
import { isTrue, type SigningRequest, signingRequestAnnotations } from "./signing-request.ts";

/** Whether nothing more is to be said to the request. */
export function isAnswered(request: SigningRequest): boolean {
  return (request.status?.certificate ?? "") !== "" || isTrue(request, "Failed") || isTrue(request, "Denied");
}

/**
 * A request as the cache keeps it, as `keptParts` of CertificateRequests has it: of an answered one nobody reads what it
 * asked, or what it got, and one that is too large to be kept says so.
 */
export function keptParts(request: SigningRequest & KubeObject): SigningRequest & KubeObject {
  const { apiVersion, kind, spec } = request;
  const named = { apiVersion, kind, metadata: keptMetadata(request), ...keptStatus(request) };
  const without = { ...named, spec: { signerName: spec.signerName, request: "" } };
  if (isAnswered(request)) return without;
  const whole = {
    ...named,
    metadata: {
      ...named.metadata,
      annotations: pick(request.metadata.annotations ?? {}, Object.values(signingRequestAnnotations)),
    },
    spec: pick(spec, ["signerName", "request", "expirationSeconds", "usages", "username", "uid", "groups", "extra"]),
  };
  const tooLarge = sizeFaults(whole);
  return tooLarge.length === 0 ? whole : { ...without, tooLarge };
}

function keptStatus(request: SigningRequest): Pick<SigningRequest, "status"> {
  const { status } = request;
  if (status === undefined) return {};
  const { certificate = "", conditions } = status;
  const types = ["Approved", "Denied", "Failed"];
  return {
    status: {
      ...(conditions === undefined
        ? {}
        : { conditions: keptConditions(conditions, types, isAnswered(request) ? "answered" : "waiting") }),
      ...(certificate === "" ? {} : { certificate: leftOut }),
    },
  };
}
