import type { Account } from "./account.ts";
import type { Principal } from "./credential-store.ts";

/** Operations that share one rate limit. https://docs.aws.amazon.com/rolesanywhere/latest/userguide/quotas.html */
export type QuotaGroup = "trust-anchors" | "crls" | "profiles" | "subjects" | "tagging" | "create-session";

/** One control-plane operation. To add one, add an entry to the table of its resource. */
export interface Operation {
  /** The name in AWS's model. */
  readonly name: string;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Path with at most one parameter, written `{id}`. */
  readonly path: string;
  /** HTTP status of success. */
  readonly status: number;
  readonly quota: QuotaGroup;
  /** The response body as JSON. @throws {ServiceError} */
  readonly handle: (account: Account, call: Call) => unknown;
}

export interface Call {
  /** What `{id}` stood for, empty when the path has no parameter. */
  readonly id: string;
  readonly query: ReadonlyMap<string, string>;
  /** The parsed JSON body, `{}` when there was none. */
  readonly body: unknown;
  readonly caller: Principal;
}
