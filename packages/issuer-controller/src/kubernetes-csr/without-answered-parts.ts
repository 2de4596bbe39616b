import type { KubeObject } from "@capstan/kube";
import { leftOut } from "../requests/without-answered-parts.ts";
import { isTrue, type SigningRequest } from "./signing-request.ts";

/** Whether nothing more is to be said to the request. */
export function isAnswered(request: SigningRequest): boolean {
  return (request.status?.certificate ?? "") !== "" || isTrue(request, "Failed") || isTrue(request, "Denied");
}

/** A request as the cache keeps it: of an answered one nobody reads what it asked, or what it got. */
export function withoutAnsweredParts(request: SigningRequest & KubeObject): SigningRequest & KubeObject {
  const { certificate = "", conditions } = request.status ?? {};
  if (!isAnswered(request)) return request;
  return {
    ...request,
    spec: { ...request.spec, request: "" },
    status: {
      ...(conditions === undefined ? {} : { conditions }),
      ...(certificate === "" ? {} : { certificate: leftOut }),
    },
  };
}
