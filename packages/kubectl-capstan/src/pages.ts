import type { KubeClient, KubeObject, ListOptions, ResourceType } from "@capstan/kube";

/** A list page by page, so that one of a hundred thousand objects never lies in memory as a whole. */
export async function* pages<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType,
  options: ListOptions,
): AsyncGenerator<readonly T[], void, undefined> {
  let token: string | undefined;
  do {
    const page = await client.list<T>(type, { limit: 500, ...options, continue: token });
    yield page.items;
    token = page.continue;
  } while (token !== undefined);
}
