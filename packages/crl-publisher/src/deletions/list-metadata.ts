import {
  collectionPath,
  type KubeClient,
  KubeConnectionError,
  type ObjectMeta,
  type ResourceType,
} from "@capstan/kube";

/** Metadata alone, as the API server cuts it out: a pod is ten times as large. */
const metadataOnly = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
const pageSize = 500;

interface MetadataPage {
  readonly kind?: string;
  /** The API server writes null for none. */
  readonly items?: readonly { readonly metadata: ObjectMeta }[] | null;
  readonly metadata?: { readonly continue?: string };
}

/** The metadata of every object of a kind, in all namespaces; all pages are of one snapshot. */
export async function* listMetadata(
  client: KubeClient,
  type: ResourceType,
  signal: AbortSignal,
): AsyncGenerator<ObjectMeta> {
  const path = collectionPath(type, undefined);
  let token: string | undefined;
  do {
    const query = { limit: pageSize, continue: token };
    const page = await client.request<MetadataPage>({ method: "GET", path, query, accept: metadataOnly, signal });
    // Less than everything would look like deletions.
    if (page.kind !== "PartialObjectMetadataList") {
      throw new KubeConnectionError("ERR_KUBE_PROTOCOL", `GET ${path}: the answer is not a list of metadata`);
    }
    for (const { metadata } of page.items ?? []) yield metadata;
    token = page.metadata?.continue;
  } while (token !== undefined && token !== "");
}
