import {
  authorityLabel,
  type CertificateAuthority,
  certificateAuthorityResource,
  crlKeys,
  type IssuedCertificate,
  issuedCertificateResource,
  publishedLabel,
} from "@capstan/api";
import type { SerialHex } from "@capstan/ca-core";
import type { KubeClient, KubeObject, ResourceType } from "@capstan/kube";
import { UsageError } from "../exit-code.ts";
import { missingRight } from "../explain-error.ts";
import { ledgerRetentionFlag, parseLedgerRetention } from "../ledger-retention.ts";
import { readPresentedCertificate } from "../presented-certificate.ts";
import { pages } from "../pages.ts";
import { podResource } from "../revoke/pod.ts";
import type { Clue } from "./clue.ts";
import type { KnownRoot, Knowledge } from "./judgement.ts";

export interface KnowledgeOptions {
  readonly client: KubeClient;
  readonly capstanNamespace: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** How long the issuer controller keeps a record after its certificate's end, in milliseconds; undefined asks its pods. */
  readonly retentionMs: number | undefined;
  readonly note: (text: string) => void;
}

/** Up to here one query for each serial number costs the API server less than reading the whole ledger once. */
const mostQueries = 50;
/** Queries at a time. */
const atOnce = 8;

/** Reads what is needed to judge the clues: their records, the authorities, and the roots when a certificate is to be checked. */
export async function readKnowledge(clues: readonly Clue[], options: KnowledgeOptions): Promise<Knowledge> {
  const { client, capstanNamespace, now, retentionMs, note } = options;
  const [records, authorities, roots, kept] = await Promise.all([
    readRecords(new Set(clues.flatMap(({ serials }) => serials)), { client, namespace: capstanNamespace }),
    orRefused(client.listAll<CertificateAuthority>(certificateAuthorityResource), note),
    clues.some(({ certificate }) => certificate !== undefined)
      ? orRefused(readRoots(client, capstanNamespace), note)
      : undefined,
    retentionMs ?? orNothing(readRetention(client, capstanNamespace)),
  ]);
  const beginnings =
    authorities?.items
      .flatMap(({ status }) => status?.generations ?? [])
      .map(({ notBefore }) => Date.parse(notBefore ?? "")) ?? [];
  const bornAt = Math.min(...beginnings);
  return {
    records,
    now,
    retention: { milliseconds: kept ?? parseLedgerRetention(), isKnown: kept !== undefined },
    bornAt: Number.isFinite(bornAt) ? bornAt : undefined,
    issuerNames:
      authorities === undefined ? undefined : new Set(authorities.items.map(({ spec }) => spec.subject.commonName)),
    roots,
  };
}

/** The ledger's records with these serial numbers. Holds no others, however large the ledger is. */
async function readRecords(
  serials: ReadonlySet<SerialHex>,
  { client, namespace }: { readonly client: KubeClient; readonly namespace: string },
): Promise<ReadonlyMap<SerialHex, readonly IssuedCertificate[]>> {
  const found: IssuedCertificate[] = [];
  if (serials.size > mostQueries) {
    for await (const page of pages<IssuedCertificate>(client, issuedCertificateResource, { namespace })) {
      found.push(...page.filter(({ spec }) => (serials as ReadonlySet<string>).has(spec.serial)));
    }
  } else {
    const queue = [...serials];
    const work = async (): Promise<void> => {
      for (let serial = queue.pop(); serial !== undefined; serial = queue.pop()) {
        const fieldSelector = `spec.serial=${serial}`;
        found.push(
          ...(await client.listAll<IssuedCertificate>(issuedCertificateResource, { namespace, fieldSelector })).items,
        );
      }
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, serials.size) }, work));
  }
  return Map.groupBy(found, ({ spec }) => spec.serial as SerialHex);
}

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

const configMapResource: ResourceType = {
  group: "",
  version: "v1",
  plural: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
};

/** The roots lie beside the published CRLs, and outlive their keys. */
async function readRoots(client: KubeClient, namespace: string): Promise<readonly KnownRoot[]> {
  const { items } = await client.listAll<ConfigMap>(configMapResource, {
    namespace,
    labelSelector: `${publishedLabel}=crl`,
  });
  return items.flatMap(({ metadata, data }) => {
    const pem = data?.[crlKeys.root];
    const authority = metadata.labels?.[authorityLabel];
    if (pem === undefined || authority === undefined) return [];
    const generation = Number(metadata.name.slice(authority.length + 1));
    return [{ authority, generation, certificate: readPresentedCertificate(pem, `configmap/${metadata.name}`) }];
  });
}

interface ControllerPod extends KubeObject {
  readonly spec?: { readonly containers?: readonly { readonly args?: readonly string[] }[] };
}

/** As the issuer controller's pods were started, the shortest of them; undefined when none runs, or its flag cannot be read. */
async function readRetention(client: KubeClient, namespace: string): Promise<number | undefined> {
  const labelSelector = "app.kubernetes.io/name=issuer-controller,app.kubernetes.io/part-of=capstan";
  const { items } = await client.listAll<ControllerPod>(podResource, { namespace, labelSelector });
  const flags = items.map(({ spec }) => {
    const args = spec?.containers?.flatMap((container) => container.args ?? []) ?? [];
    const [flag] = args.filter((argument) => argument.split("=")[0] === `--${ledgerRetentionFlag.long}`);
    // Without a value in the same word it is not taken for the default.
    return flag?.split("=")[1] ?? (flag === undefined ? undefined : "");
  });
  if (flags.length === 0) return undefined;
  try {
    return Math.min(...flags.map((flag) => parseLedgerRetention(flag)));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return undefined;
  }
}

/** Undefined when the caller has no right to it: the verdicts then say that it is not known. */
function orNothing<T>(reading: Promise<T>): Promise<T | undefined> {
  return orRefused(reading, () => undefined);
}

/** Undefined when the caller has no right to it: the verdicts then say what they lack. */
async function orRefused<T>(reading: Promise<T>, note: (text: string) => void): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    const refusal = missingRight(error);
    if (refusal === undefined) throw error;
    note(refusal);
    return undefined;
  }
}
