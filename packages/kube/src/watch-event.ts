import { KubeApiError, KubeConnectionError, statusFields } from "./kube-error.ts";
import type { KubeObject } from "./kube-object.ts";

/** One line of a watch. A bookmark only moves the resourceVersion on. */
export type WatchEvent<T extends KubeObject> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T; readonly resourceVersion: string }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string };

/**
 * Reads one line. An ERROR event is thrown as {@link KubeApiError} with the code it carries (410 when the resourceVersion is too old);
 * anything that is no event as ERR_KUBE_PROTOCOL, since skipping it would lose a change for good.
 */
export function parseWatchEvent<T extends KubeObject>(line: string): WatchEvent<T> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw broken("a line is not JSON");
  }
  const { type, object } = record(value);
  if (type === "ERROR") throw statusError(object);
  const resourceVersion = record(record(object)["metadata"])["resourceVersion"];
  if (typeof resourceVersion !== "string" || resourceVersion === "") throw broken("an event has no resourceVersion");
  if (type === "BOOKMARK") return { type, resourceVersion };
  if (type !== "ADDED" && type !== "MODIFIED" && type !== "DELETED") throw broken("an event has no known type");
  if (typeof record(record(object)["metadata"])["name"] !== "string") throw broken("an event's object has no name");
  return { type, object: object as T, resourceVersion };
}

function statusError(status: unknown): KubeApiError {
  const { code } = record(status);
  const { reason, message, retryAfterMs } = statusFields(status);
  return new KubeApiError({
    code: typeof code === "number" ? code : 500,
    reason: reason ?? "Unknown",
    message: message ?? "the watch ended with an error event",
    request: "WATCH",
    retryAfterMs,
  });
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function broken(what: string): KubeConnectionError {
  return new KubeConnectionError("ERR_KUBE_PROTOCOL", `watch: ${what}`);
}
