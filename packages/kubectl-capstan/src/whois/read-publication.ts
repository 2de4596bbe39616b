import {
  type CertificateAuthority,
  certificateAuthorityResource,
  generationName,
  type IssuedCertificate,
  type Revocation,
  type RevocationList,
  revocationListResource,
  revocationResource,
} from "@capstan/api";
import { type KubeClient, type KubeObject, keyOf, type ObjectRef, refOfKey, type ResourceType } from "@capstan/kube";
import { missingRight } from "../explain-error.ts";
import { outcomeOf } from "../revoke/revocation.ts";
import { publicationByCrl } from "./publication-by-crl.ts";

/** How far a revocation has come: whether every trust anchor was read back with it, and each one's state. */
export interface Publication {
  readonly published: boolean;
  readonly anchors: readonly { readonly name: string; readonly published: boolean; readonly crlNumber?: number }[];
}

/** Above this many one list of all Revocations is cheaper. */
const mostReads = 20;

/**
 * How far the revocations of the records have come, by the records' names: what their Revocations say, and where those were
 * deleted, which takes nothing back, what the CRLs say. Missing where neither tells, or may be read.
 */
export async function readPublications(
  records: readonly IssuedCertificate[],
  { client, capstanNamespace }: { readonly client: KubeClient; readonly capstanNamespace: string },
): Promise<ReadonlyMap<string, Publication>> {
  const revoked = records.filter(({ status }) => status?.revoked !== undefined);
  // What the publisher revokes by itself names no Revocation: there is no slash in it.
  const keys = new Set(
    revoked.flatMap(({ status }) => status?.revoked?.revocation ?? []).filter((key) => key.includes("/")),
  );
  const found =
    keys.size > mostReads ? await listAll(client) : await Promise.all([...keys].map((key) => read(client, key)));
  const byRevocation = new Map(
    found.flatMap((revocation) =>
      revocation === undefined ? [] : [[keyOf(revocation), publicationOf(revocation)] as const],
    ),
  );
  const crls = crlReader(client, capstanNamespace);
  const publications = new Map<string, Publication>();
  for (const record of revoked) {
    const told = byRevocation.get(record.status?.revoked?.revocation ?? "") ?? (await byCrl(record, crls));
    if (told !== undefined) publications.set(record.metadata.name, told);
  }
  return publications;
}

function publicationOf(revocation: Revocation): Publication {
  return {
    published: outcomeOf(revocation) === "published",
    anchors: (revocation.status?.anchors ?? []).map(({ name, published, crlNumber }) => ({
      name,
      published,
      ...(crlNumber === undefined ? {} : { crlNumber }),
    })),
  };
}

type ReadOnce = <T extends KubeObject>(type: ResourceType, ref: ObjectRef) => Promise<T | undefined>;

/** Reads each object once; undefined for what is gone or may not be read. */
function crlReader(client: KubeClient, namespace: string): { readonly once: ReadOnce; readonly namespace: string } {
  const read = new Map<string, Promise<KubeObject | undefined>>();
  const once: ReadOnce = <T extends KubeObject>(type: ResourceType, ref: ObjectRef) => {
    const key = `${type.plural} ${ref.name}`;
    const reading = read.get(key) ?? unlessRefused(client.getOrUndefined<T>(type, ref));
    read.set(key, reading);
    return reading as Promise<T | undefined>;
  };
  return { once, namespace };
}

async function byCrl(
  record: IssuedCertificate,
  { once, namespace }: ReturnType<typeof crlReader>,
): Promise<Publication | undefined> {
  const { authority: name, generation } = record.spec;
  const list = await once<RevocationList>(revocationListResource, {
    namespace,
    name: generationName(name, generation),
  });
  const authority = await once<CertificateAuthority>(certificateAuthorityResource, { name });
  return list === undefined || authority === undefined ? undefined : publicationByCrl(record, list, authority);
}

async function unlessRefused<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (missingRight(error) === undefined) throw error;
    return undefined;
  }
}

async function listAll(client: KubeClient): Promise<readonly Revocation[]> {
  return (await unlessRefused(client.listAll<Revocation>(revocationResource)))?.items ?? [];
}

function read(client: KubeClient, key: string): Promise<Revocation | undefined> {
  return unlessRefused(client.getOrUndefined<Revocation>(revocationResource, refOfKey(key)));
}
