import type { KubeClient } from "@capstan/kube";
import type { Grant } from "./rbac-grants.ts";
import { statusOf } from "./rbac-lab.ts";

/** What kubectl asks for each verb that our roles give to people. */
const asks: Readonly<Record<string, (client: KubeClient, path: string, name: string) => Promise<unknown>>> = {
  get: (client, path, name) => client.request({ method: "GET", path: `${path}/${name}` }),
  list: (client, path) => client.request({ method: "GET", path }),
  watch: async (client, path) => {
    for await (const _ of await client.stream({ path, query: { watch: true, timeoutSeconds: 1 } })) break;
  },
  // An empty object is refused, but only after its maker's rights were looked at.
  create: (client, path) => client.request({ method: "POST", path, body: {} }),
};

/**
 * Whether a person may do what the right is for. Rights are looked at before it is found out that a kind has no namespace.
 *
 * @throws Error for a verb that no role gave to people before
 */
export async function mayDo(
  client: KubeClient,
  { group, resource, verb, resourceName = "nobody" }: Grant,
  namespace = "demo",
): Promise<boolean> {
  const ask = asks[verb];
  if (ask === undefined) throw new Error(`nobody has said yet what "${verb} ${resource}" lets a person do`);
  const version = group === "capstan.dev" ? "v1alpha1" : "v1";
  const api = group === "" ? "/api" : `/apis/${group}`;
  return (await statusOf(ask(client, `${api}/${version}/namespaces/${namespace}/${resource}`, resourceName))) !== 403;
}
