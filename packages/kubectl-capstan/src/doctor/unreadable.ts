import { KubeApiError } from "@capstan/kube";
import { missingRight } from "../explain-error.ts";

/** What a check needs may not be read: the check is skipped, and says which right is missing. */
export class Unreadable extends Error {
  override readonly name = "Unreadable";
  readonly code = "ERR_UNREADABLE";
}

/** An answer of the API server that the caller's rights are too few for, as {@link Unreadable}; anything else as it is. */
export function asUnreadable(error: unknown): unknown {
  if (!(error instanceof KubeApiError) || error.code !== 403) return error;
  return new Unreadable(missingRight(error) ?? error.message, { cause: error });
}
