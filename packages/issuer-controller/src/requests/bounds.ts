import { checkUsageCount, MAX_REQUEST_BYTES } from "@capstan/ca-core";
import type { KubeObject } from "@capstan/kube";
import type { Requester } from "../signing/issuance.ts";
import type { RequestViolation } from "../signing/request-violation.ts";

/** Base64 of the longest PKCS#10 request that is read. */
const longestRequest = 4 * Math.ceil(MAX_REQUEST_BYTES / 3);
/** Of who asks, as JSON, which the API server and cert-manager's webhook write: a thousand groups fit. */
const longestRequester = 65_536;
/**
 * Of everything else that is read, as JSON, which whoever makes the request may write. Kubernetes bounds an object by etcd's
 * 1.5 MiB alone, and a few hundred of those would fill the controller's heap.
 */
const longestRest = 4_096;
/** Conditions are read until a request is answered; then the beginning of their messages is enough. */
const longestMessage = { waiting: 4_096, answered: 256 } as const;

/** What is too large of a request for it to be kept until it is answered: nothing is ever decided on a part of it. */
export function sizeFaults({
  metadata,
  spec,
}: {
  readonly metadata: unknown;
  readonly spec: Partial<Requester> & { readonly request: string; readonly usages?: readonly string[] };
}): readonly RequestViolation[] {
  const { request, usages = [], username, uid, groups, extra, ...rest } = spec;
  const tooMany = checkUsageCount(usages);
  const ofRest = [metadata, rest, tooMany.length > 0 ? [] : usages];
  return [
    ...tooMany,
    ...lengthFault("spec.request", "", request.length, longestRequest),
    ...lengthFault(
      "spec",
      " of who asks, groups and extra included",
      lengthOf([username, uid, groups, extra]),
      longestRequester,
    ),
    ...lengthFault("spec", " beside the PKCS#10 request and who asks", lengthOf(ofRest), longestRest),
  ];
}

function lengthFault(field: string, of: string, length: number, most: number): readonly RequestViolation[] {
  if (length <= most) return [];
  return [{ code: "ERR_REQUEST_SIZE", field, rule: `${length} characters${of}, and at most ${most} are read` }];
}

function lengthOf(value: unknown): number {
  return JSON.stringify(value).length;
}

/** What is read of an object's metadata, whatever it is. */
export function keptMetadata({ metadata }: KubeObject): KubeObject["metadata"] {
  return pick(metadata, ["name", "namespace", "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp"]);
}

/** Conditions of these types, their messages cut. */
export function keptConditions<C extends { readonly type: string; readonly message?: string }>(
  conditions: readonly C[],
  types: readonly string[],
  length: keyof typeof longestMessage,
): readonly C[] {
  return conditions
    .filter(({ type }) => types.includes(type))
    .map((condition) =>
      condition.message === undefined
        ? condition
        : { ...condition, message: cut(condition.message, longestMessage[length]) },
    );
}

/** The members of these names, as far as they are there. */
export function pick<T extends object, K extends keyof T>(object: T, names: readonly K[]): Pick<T, K> {
  const found = names.filter((name) => object[name] !== undefined).map((name) => [name, object[name]]);
  return Object.fromEntries(found) as Pick<T, K>;
}

/** Stands for a certificate that was left out of the cache. */
export const leftOut = "left out of the cache";

/** A copy: a slice would keep the whole text in memory. */
function cut(text: string, length: number): string {
  return text.length <= length ? text : Buffer.from(text.slice(0, length), "utf8").toString("utf8");
}
