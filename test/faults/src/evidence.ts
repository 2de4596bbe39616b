import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import {
  type GenerationMark,
  generationMarkResource,
  type IssuedCertificate,
  issuedCertificateResource,
} from "@capstan/api";
import { AuditReader, type AuditReading } from "@capstan/kube";
import type { Environment } from "./environment.ts";
import { auditFolder } from "./replica.ts";
import { type CertificateRequest, type PlannedRequest, requestNamespace, requestResource } from "./requests.ts";
import type { Crossing, Marking } from "./wire.ts";

/** All that is known when the replicas have ended. */
export interface Evidence {
  readonly planned: readonly PlannedRequest[];
  readonly requests: readonly CertificateRequest[];
  readonly records: readonly IssuedCertificate[];
  readonly marks: readonly GenerationMark[];
  readonly audit: AuditReading;
  readonly crossings: readonly Crossing[];
  readonly markings: readonly Marking[];
}

/** Reads everything: the audit logs first and the ledger after them, since whatever was released is then in both. */
export async function collectEvidence(
  { client, cluster, wire }: Environment,
  planned: readonly PlannedRequest[],
): Promise<Evidence> {
  const audit = await readAuditLogs(auditFolder(cluster));
  const namespace = "capstan-system";
  const requests = await client.listAll<CertificateRequest>(requestResource, { namespace: requestNamespace });
  const records = await client.listAll<IssuedCertificate>(issuedCertificateResource, { namespace });
  const marks = await client.listAll<GenerationMark>(generationMarkResource, { namespace });
  return {
    planned,
    requests: requests.items,
    records: records.items,
    marks: marks.items,
    audit,
    crossings: wire.crossings,
    markings: wire.markings,
  };
}

async function readAuditLogs(folder: string): Promise<AuditReading> {
  const reader = new AuditReader();
  for (const file of await readdir(folder)) {
    for await (const line of createInterface({ input: createReadStream(path.join(folder, file)) })) reader.read(line);
  }
  return reader.finish();
}
