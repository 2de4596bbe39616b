import { type IssuedCertificate, issuedCertificateResource } from "@capstan/api";
import { type KubeClient, KubeApiError } from "@capstan/kube";
import { missingRight } from "../explain-error.ts";
import type { Leaf } from "./leaf.ts";

export interface LedgerPlace {
  readonly client: KubeClient;
  readonly capstanNamespace: string;
}

/** The records with a leaf's serial number or name; undefined when the caller may not read the ledger, as tenants may not. */
export async function readRecordsOf(
  { target: { serial, issuedCertificate: name } }: Leaf,
  { client, capstanNamespace: namespace }: LedgerPlace,
): Promise<readonly IssuedCertificate[] | undefined> {
  if (name === undefined) return readRecords(`spec.serial=${serial ?? ""}`, { client, capstanNamespace: namespace });
  return orRefused(async () => {
    const record = await client.getOrUndefined<IssuedCertificate>(issuedCertificateResource, { namespace, name });
    return record === undefined ? [] : [record];
  });
}

/** The records that a field selector selects; undefined when the caller may not read the ledger. */
export function readRecords(
  fieldSelector: string,
  { client, capstanNamespace: namespace }: LedgerPlace,
): Promise<readonly IssuedCertificate[] | undefined> {
  return orRefused(async () => {
    const { items } = await client.listAll<IssuedCertificate>(issuedCertificateResource, { namespace, fieldSelector });
    return items;
  });
}

/** Records of workloads' certificates that are valid and not revoked, at `now` in milliseconds since 1970. */
export function stillValid(records: readonly IssuedCertificate[], now: number): readonly IssuedCertificate[] {
  return records.filter(
    ({ spec, status }) =>
      spec.purpose === "Workload" && status?.revoked === undefined && Date.parse(spec.notAfter) > now,
  );
}

async function orRefused<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof KubeApiError && missingRight(error) !== undefined) return undefined;
    throw error;
  }
}
