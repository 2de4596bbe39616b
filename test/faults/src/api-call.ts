/**
 * issue: what is asked on the way from a request to its leaf. lease: what the election asks. cache: lists and watches,
 * which fill the caches that all else is decided on.
 */
export type CallGroup = "issue" | "lease" | "cache";

/** One request to an API server, by the words that RBAC has for it. */
export interface ApiCall {
  /** `create issuedcertificates`, `patch certificaterequests/status`. */
  readonly name: string;
  readonly group: CallGroup;
  readonly namespace?: string;
  /** Of the object, when the path names one. */
  readonly object?: string;
}

const verbs: Readonly<Record<string, string>> = {
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/**
 * Names a request by its method and target.
 *
 * @example
 * readCall("GET", "/apis/capstan.dev/v1alpha1/namespaces/capstan-system/generationmarks/fleet-1");
 * // { name: "get generationmarks", group: "issue", namespace: "capstan-system", object: "fleet-1" }
 */
export function readCall(method: string, target: string): ApiCall {
  const { pathname, searchParams } = new URL(target, "http://api");
  const [root, ...segments] = pathname.split("/").filter((segment) => segment !== "");
  // /api/v1/… and /apis/<group>/<version>/…
  const path = segments.slice(root === "api" ? 1 : 2);
  const namespace = path[0] === "namespaces" && path.length > 2 ? path[1] : undefined;
  const [plural = pathname, object, subresource] = namespace === undefined ? path : path.slice(2);
  const verb = verbs[method] ?? verbOfGet(object, searchParams);
  const name = `${verb} ${[plural, ...(subresource === undefined ? [] : [subresource])].join("/")}`;
  return {
    name,
    group: plural === "leases" ? "lease" : verb === "list" || verb === "watch" ? "cache" : "issue",
    ...(namespace === undefined ? {} : { namespace }),
    ...(object === undefined ? {} : { object }),
  };
}

function verbOfGet(object: string | undefined, query: URLSearchParams): "get" | "list" | "watch" {
  if (query.get("watch") === "true" || query.get("watch") === "1") return "watch";
  return object === undefined ? "list" : "get";
}
