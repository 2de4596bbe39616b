import { type Revocation, revocationResource } from "@capstan/api";
import { isNotFound, type KubeClient, refOfKey } from "@capstan/kube";
import { missingRight } from "../explain-error.ts";
import type { Leaf } from "./leaf.ts";
import { findEqualRevocation } from "./revocation.ts";

/** For each leaf the Revocation that does already what is asked, in this namespace or where the ledger says. */
export async function findExistingRevocations(
  client: KubeClient,
  leaves: readonly Leaf[],
  namespace: string,
): Promise<readonly (Revocation | undefined)[]> {
  const { items } = await client.listAll<Revocation>(revocationResource, { namespace });
  return Promise.all(
    leaves.map(async (leaf) => findEqualRevocation(items, leaf) ?? (await readElsewhere(client, leaf))),
  );
}

/** Of another namespace, if it still exists and may be read; else a new one does no harm, and can be followed. */
async function readElsewhere(client: KubeClient, { revokedBy }: Leaf): Promise<Revocation | undefined> {
  if (revokedBy === undefined) return undefined;
  try {
    return await client.get<Revocation>(revocationResource, refOfKey(revokedBy));
  } catch (error) {
    if (isNotFound(error) || missingRight(error) !== undefined) return undefined;
    throw error;
  }
}
