const prefix = "system:serviceaccount:";

/** Who a user name of the API server's own making names: `system:serviceaccount:NAMESPACE:NAME`; undefined for others. */
export function serviceAccountOf(username: string): { readonly namespace: string; readonly name: string } | undefined {
  if (!username.startsWith(prefix)) return undefined;
  const [namespace = "", name = "", ...more] = username.slice(prefix.length).split(":");
  return namespace === "" || name === "" || more.length > 0 ? undefined : { namespace, name };
}
