import { issuedCertificateResource, notAfterLabel } from "@capstan/api";
import { collectionPath, KubeConnectionError, type KubeClient, type ObjectMeta } from "@capstan/kube";
import type { LedgerEntry } from "./plan-pruning.ts";

/** Metadata alone, as the API server cuts it out: a tenth of what the records would be. */
const metadataOnly = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
const pageSize = 500;

interface MetadataPage {
  readonly kind?: string;
  /** The API server writes null for none. */
  readonly items?: readonly { readonly metadata: ObjectMeta }[] | null;
  readonly metadata?: { readonly continue?: string; readonly remainingItemCount?: number };
}

export interface LedgerPlace {
  readonly client: KubeClient;
  readonly namespace: string;
}

/** How many records there are: one call that carries one of them. */
export async function countLedger(place: LedgerPlace, signal: AbortSignal): Promise<number> {
  const { items, metadata } = await readPage(place, { limit: 1 }, signal);
  return items.length + (metadata?.remainingItemCount ?? 0);
}

/**
 * The records whose leaves ended at `latestEndMs` (since 1970) or before, by their label, and those without one, a page at a
 * time: no more than a page is ever in memory. The API server chooses, so that of a hundred thousand records it sends the
 * few that count. It takes a label that is no number for none of these.
 */
export async function* readLedgerIndex(
  place: LedgerPlace,
  latestEndMs: number,
  signal: AbortSignal,
): AsyncGenerator<LedgerEntry> {
  for (const selector of [`!${notAfterLabel}`, `${notAfterLabel}<${Math.floor(latestEndMs / 1000) + 1}`]) {
    for await (const metadata of readLedgerMetadata(place, selector, signal)) yield entryOf(metadata);
  }
}

/** Metadata of the records that a label selector chooses, a page at a time. */
export async function* readLedgerMetadata(
  place: LedgerPlace,
  labelSelector: string,
  signal: AbortSignal,
): AsyncGenerator<ObjectMeta> {
  let token: string | undefined;
  do {
    const page = await readPage(place, { limit: pageSize, continue: token, labelSelector }, signal);
    for (const { metadata } of page.items) yield metadata;
    token = page.metadata?.continue;
  } while (token !== undefined && token !== "");
}

function entryOf({ name, labels }: ObjectMeta): LedgerEntry {
  const seconds = Number(labels?.[notAfterLabel] ?? Number.NaN);
  return { name, notAfter: Number.isSafeInteger(seconds) ? seconds * 1000 : undefined };
}

async function readPage(
  { client, namespace }: LedgerPlace,
  query: {
    readonly limit: number;
    readonly continue?: string | undefined;
    readonly labelSelector?: string | undefined;
  },
  signal: AbortSignal,
): Promise<MetadataPage & { readonly items: readonly { readonly metadata: ObjectMeta }[] }> {
  const path = collectionPath(issuedCertificateResource, namespace);
  const page = await client.request<MetadataPage>({ method: "GET", path, query, accept: metadataOnly, signal });
  // A server that does not cut out metadata would send the bodies.
  if (page.kind !== "PartialObjectMetadataList") {
    throw new KubeConnectionError("ERR_KUBE_PROTOCOL", `GET ${path}: the answer is not a list of metadata`);
  }
  return { ...page, items: page.items ?? [] };
}
