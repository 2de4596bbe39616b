import { generationName, type RevocationList, revocationListResource } from "@capstan/api";
import type { KubeClient } from "@capstan/kube";
import { formatEntries, parseEntries, type RevocationEntry } from "../crl/revocation-entries.ts";

/**
 * Writes an entry into a generation's RevocationList itself, for a leaf that has no ledger record. An entry that is there
 * stays, but for a reason that becomes a key compromise. Takes a number too, so that the list is ahead of what is published
 * until the next CRL is. Guarded by the resourceVersion that was read.
 */
export async function enlist(
  { client, namespace }: { readonly client: KubeClient; readonly namespace: string },
  { authority, generation }: { readonly authority: string; readonly generation: number },
  entry: RevocationEntry,
  signal: AbortSignal,
): Promise<void> {
  const ref = { namespace, name: generationName(authority, generation) };
  const list = await client.get<RevocationList>(revocationListResource, ref, { signal });
  const before = parseEntries(list.spec);
  const known = before.find(({ serial }) => serial === entry.serial);
  if (known !== undefined && (known.reason === entry.reason || entry.reason !== "keyCompromise")) return;
  const entries =
    known === undefined
      ? [...before, entry]
      : before.map((one) => (one === known ? { ...one, reason: entry.reason } : one));
  await client.replace<RevocationList>(
    revocationListResource,
    { ...list, spec: { ...list.spec, crlNumber: list.spec.crlNumber + 1, ...formatEntries(entries) } },
    { signal },
  );
}
