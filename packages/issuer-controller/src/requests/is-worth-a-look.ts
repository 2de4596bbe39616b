import { isDeepStrictEqual } from "node:util";
import type { KubeObject, ReflectorChange } from "@capstan/kube";
import { type CertificateRequest, conditionOf } from "./certificate-request.ts";

/**
 * Whether a change of a request can change what is decided about it. Our own writes of Ready cannot: looking again at
 * once would try a waiting request twice and spend its backoff.
 */
export function isWorthALook({ previous, current }: ReflectorChange<CertificateRequest & KubeObject>): boolean {
  // New, gone, or the same object told again by a resync.
  if (previous === undefined || current === undefined || previous === current) return true;
  const lostReady = conditionOf(previous, "Ready") !== undefined && conditionOf(current, "Ready") === undefined;
  return lostReady || !isDeepStrictEqual(factsOf(previous), factsOf(current));
}

/** What `decideRequest` reads of a request, less Ready. The spec never changes. */
function factsOf({ metadata, status }: CertificateRequest): readonly unknown[] {
  const conditions = (status?.conditions ?? []).filter(({ type }) => type !== "Ready");
  const said = conditions.map(({ type, status }) => `${type}=${status}`).toSorted();
  return [metadata.uid, metadata.deletionTimestamp, status?.certificate ?? "", said];
}
