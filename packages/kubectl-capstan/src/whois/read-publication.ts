import { type Revocation, revocationResource } from "@capstan/api";
import { isNotFound, type KubeClient, refOfKey } from "@capstan/kube";
import { missingRight } from "../explain-error.ts";
import { outcomeOf } from "../revoke/revocation.ts";
import type { Subject } from "./group-judgements.ts";

/** How far a revocation has come: whether every trust anchor was read back with it, and each one's state. */
export interface Publication {
  readonly published: boolean;
  readonly anchors: readonly { readonly name: string; readonly published: boolean; readonly crlNumber?: number }[];
}

/** Above this many one list of all Revocations is cheaper. */
const mostReads = 20;

/**
 * How far the Revocations that the subjects' records name have come, by namespace/name. Missing where the Revocation was
 * deleted, which takes nothing back, or may not be read.
 */
export async function readPublications(
  client: KubeClient,
  subjects: readonly Pick<Subject, "record">[],
): Promise<ReadonlyMap<string, Publication>> {
  const keys = new Set(subjects.flatMap(({ record }) => record?.status?.revoked?.revocation ?? []));
  const found =
    keys.size > mostReads ? await listAll(client) : await Promise.all([...keys].map((key) => read(client, key)));
  return new Map(
    found.flatMap((revocation) => {
      if (revocation === undefined) return [];
      const { namespace = "", name } = revocation.metadata;
      const publication = {
        published: outcomeOf(revocation) === "published",
        anchors: (revocation.status?.anchors ?? []).map(({ name, published, crlNumber }) => ({
          name,
          published,
          ...(crlNumber === undefined ? {} : { crlNumber }),
        })),
      };
      return [[`${namespace}/${name}`, publication] as const];
    }),
  );
}

async function listAll(client: KubeClient): Promise<readonly Revocation[]> {
  try {
    return (await client.listAll<Revocation>(revocationResource)).items;
  } catch (error) {
    if (missingRight(error) === undefined) throw error;
    return [];
  }
}

async function read(client: KubeClient, key: string): Promise<Revocation | undefined> {
  try {
    return await client.get<Revocation>(revocationResource, refOfKey(key));
  } catch (error) {
    if (isNotFound(error) || missingRight(error) !== undefined) return undefined;
    throw error;
  }
}
