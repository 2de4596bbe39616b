import { isDeepStrictEqual } from "node:util";
import {
  apiVersion,
  authorityLabel,
  crlKeys,
  generationName,
  type IssuedCertificate,
  publishedLabel,
  type RevocationList,
  revocationListResource,
} from "@capstan/api";
import {
  type Crl,
  checkCrlBeforePublication,
  type CrlNumber,
  encodeCrl,
  formatViolations,
  nextCrlNumber,
  parseCrlNumber,
  parseSerial,
  type RandomBytes,
  readCrl,
} from "@capstan/ca-core";
import { type AuditLog, formatTime, type KubeClient, type Logger } from "@capstan/kube";
import type { Generation } from "../authority/generation-store.ts";
import type { CrlProofs } from "../credentials/crl-proofs.ts";
import { GenerationSealed } from "../credentials/mint-own-leaf.ts";
import { fieldManager } from "../field-manager.ts";
import { type ConfigMap, configMapResource } from "./config-map.ts";
import { capacityOf, countEntries, type CrlCapacity } from "./crl-capacity.ts";
import type { CrlPace } from "./crl-pace.ts";
import { isLiveSentinel, mintSentinel } from "./mint-sentinel.ts";
import { crlValiditySeconds, planCrl } from "./plan-crl.ts";
import { formatEntries, parseEntries, type RevocationEntry } from "./revocation-entries.ts";

export { type ConfigMap, configMapResource } from "./config-map.ts";

/** The next CRL may not be published: the message names every rule that it breaks. */
export class CrlRefused extends Error {
  override readonly name = "CrlRefused";
  readonly code = "ERR_CRL_REFUSED";
}

/** A CRL that was checked and stored. */
export interface StoredCrl extends Crl {
  readonly serials: ReadonlySet<string>;
  /** Those of them whose reason is a key compromise. */
  readonly compromised: ReadonlySet<string>;
}

/** What is published now, and how much room the next CRL has. */
export interface PublishedNow extends StoredCrl {
  readonly capacity: CrlCapacity;
}

export interface PublishCrlInput {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly authority: string;
  readonly generation: Generation;
  /** Ledger records of this generation that are marked as revoked, as they are when it is called. */
  readonly revoked: readonly IssuedCertificate[];
  /** The highest CRL number that a trust anchor was seen to hold. */
  readonly highestReadBack: CrlNumber | undefined;
  /** Whether every trust anchor was read: before, nobody knows whether the state is one that was restored from a backup. */
  readonly areAnchorsRead: boolean;
  /** Collects revocations into one CRL. Without it each call publishes what it finds. */
  readonly pace?: CrlPace | undefined;
  /** Is told of each sentinel that is minted. */
  readonly proofs?: Pick<CrlProofs, "minted"> | undefined;
  readonly now: () => Date;
  readonly random: RandomBytes;
  readonly recordName: () => string;
  readonly audit: AuditLog;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Makes the generation's stored CRL say what the ledger says, and returns it; while revocations are being collected, the
 * one before, and `pace` wakes the authority when it is time.
 *
 * The RevocationList takes the new entries and the reserved number in one write before anything is signed; the bytes are
 * strictly checked against the CRL before them and then stored beside the list. Cut off anywhere, the next call finds
 * entries that the stored CRL lacks and makes another one with a higher number, and with the same sentinel, so that
 * what fails again and again fills neither list nor ledger.
 *
 * @throws {CrlRefused} when it may not be published; what was published before stays
 */
export async function publishCrl(input: PublishCrlInput): Promise<PublishedNow> {
  const { client, namespace, authority, generation, pace, signal } = input;
  // Before anything is awaited: what is revoked from here on is not in `input.revoked`, and needs another CRL.
  const noticings = pace?.noticings(authority, generation.number) ?? 0;
  const ref = { namespace, name: generationName(authority, generation.number) };
  const list = await client.get<RevocationList>(revocationListResource, ref, { signal });
  const configMap = await client.getOrUndefined<ConfigMap>(configMapResource, ref, { signal });
  const published = configMap === undefined ? undefined : readStored(configMap);
  const now = input.now();
  const listed = parseEntries(list.spec);
  const plan = planCrl({
    listed,
    revoked: input.revoked.map(entryOf),
    published,
    now: seconds(now),
    root: generation.root,
    areAnchorsRead: input.areAnchorsRead,
    listBytes: sizeOf(list),
  });
  const { capacity } = plan;
  if (plan.do === "refuse") throw new CrlRefused(plan.message);
  if (plan.do === "nothing" && published !== undefined) {
    pace?.nothingNew(authority, generation.number, noticings);
    await report(input, list, published, capacity);
    return { ...published, capacity };
  }
  const isNews = plan.do === "publish" && plan.because === "revocations";
  if (isNews && published !== undefined && (pace?.waitMs(authority, generation.number) ?? 0) > 0)
    return { ...published, capacity };
  const planned = plan.do === "publish" ? plan.entries : listed;
  const entries = await withSentinel(input, { planned, listed, published, now });
  const reservedBefore = parseCrlNumber(String(list.spec.crlNumber));
  const number = nextCrlNumber({
    stored: published === undefined || published.number < reservedBefore ? reservedBefore : published.number,
    readBack: input.highestReadBack,
    now: input.areAnchorsRead ? now : undefined,
  });
  const reserved = await client.replace<RevocationList>(
    revocationListResource,
    { ...list, spec: { ...list.spec, crlNumber: Number(number), ...formatEntries(entries) } },
    { signal },
  );
  const stored = await signAndStore({
    ...input,
    number,
    entries: parseEntries(reserved.spec),
    areReasonsListed: capacity.reasons === "Listed",
    listed,
    published,
    configMap,
    now,
  });
  pace?.published(authority, generation.number, noticings);
  input.log.info(
    { authority, generation: generation.number, crlNumber: Number(number), entries: stored.serials.size },
    "signed a CRL",
  );
  // As the next plan will count, so that what is said does not change by itself.
  const next = capacityOf({
    root: generation.root,
    count: countEntries(entries),
    waiting: capacity.waiting,
    listBytes: sizeOf(reserved),
  });
  await report(input, reserved, stored, next);
  return { ...stored, capacity: next };
}

function sizeOf({ spec }: RevocationList): number {
  return JSON.stringify(spec).length;
}

/**
 * The planned entries and a sentinel that no published CRL has named yet. A sealed generation whose mark is near signs no
 * leaf any more: its CRLs go without, and when nothing else is left the last entry stays, so that none is ever empty.
 */
async function withSentinel(
  input: PublishCrlInput,
  {
    planned,
    listed,
    published,
    now,
  }: {
    readonly planned: readonly RevocationEntry[];
    readonly listed: readonly RevocationEntry[];
    readonly published: StoredCrl | undefined;
    readonly now: Date;
  },
): Promise<readonly RevocationEntry[]> {
  const isFresh = (entry: RevocationEntry): boolean =>
    published?.serials.has(entry.serial) !== true && isLiveSentinel(entry, seconds(now));
  if (planned.some(isFresh)) return planned;
  try {
    const { entry, leaf } = await mintSentinel({ ...input, now });
    input.proofs?.minted(input.authority, leaf);
    return [...planned, entry];
  } catch (error) {
    if (!(error instanceof GenerationSealed)) throw error;
    const entries = planned.length > 0 ? planned : listed.slice(-1);
    if (entries.length === 0) throw error;
    return entries;
  }
}

/** Says in the list's status what is published and how full it is, unless it says so already. */
async function report(
  { client, signal }: PublishCrlInput,
  list: RevocationList,
  { number, serials, thisUpdate, nextUpdate, sha256 }: StoredCrl,
  { fill, characters, entries, reasons, waiting }: CrlCapacity,
): Promise<void> {
  const status = {
    capacity: { percent: Math.ceil(fill * 100), characters, entries, reasons, ...(waiting === 0 ? {} : { waiting }) },
    published: {
      number: Number(number),
      entries: serials.size,
      thisUpdate: formatTime(thisUpdate.getTime()),
      nextUpdate: formatTime(nextUpdate.getTime()),
      sha256,
    },
  };
  if (isDeepStrictEqual(list.status, status)) return;
  const { name, namespace = "" } = list.metadata;
  await client.apply(
    revocationListResource,
    { apiVersion, kind: "RevocationList", metadata: { name, namespace }, status },
    { fieldManager, force: true, subresource: "status", signal },
  );
}

async function signAndStore(
  input: Omit<PublishCrlInput, "now"> & {
    readonly number: CrlNumber;
    readonly entries: readonly RevocationEntry[];
    readonly areReasonsListed: boolean;
    readonly listed: readonly RevocationEntry[];
    readonly published: StoredCrl | undefined;
    readonly configMap: ConfigMap | undefined;
    readonly now: Date;
  },
): Promise<StoredCrl> {
  const { client, namespace, authority, generation, number, entries, listed, published, configMap, now } = input;
  const { audit, areReasonsListed, signal } = input;
  const thisUpdate = new Date(Math.max(seconds(now) * 1000, (published?.thisUpdate.getTime() ?? 0) + 1000));
  const encoded = await audit.sign(
    { purpose: "CRL", authority, generation: generation.number, crlNumber: Number(number) },
    () =>
      encodeCrl({
        root: generation.root,
        signer: generation.key,
        number,
        thisUpdate,
        nextUpdate: new Date(thisUpdate.getTime() + crlValiditySeconds * 1000),
        entries: entries.map(({ serial, revokedAt, reason }) => ({
          serial: parseSerial(serial),
          // Marked by a replica whose clock was ahead: better published with an earlier time than held back.
          revokedAt: new Date(Math.min(revokedAt * 1000, thisUpdate.getTime())),
          ...(areReasonsListed ? { reason } : {}),
        })),
      }),
    ({ der }) => der,
  );
  const notAfter = new Map([...listed, ...entries].map((entry) => [entry.serial, entry.notAfter]));
  const violations = await checkCrlBeforePublication({
    next: encoded.der,
    ...(published === undefined ? {} : { previous: published }),
    root: generation.root,
    now,
    expectedCount: entries.length,
    notAfterOf: (serial) => {
      const end = notAfter.get(serial);
      return end === undefined ? undefined : new Date(end * 1000);
    },
  });
  if (violations.length > 0) throw new CrlRefused(`the next CRL was not published: ${formatViolations(violations)}`);
  const name = generationName(authority, generation.number);
  const content = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      ...(configMap?.metadata ?? { name, namespace }),
      name,
      namespace,
      labels: { [authorityLabel]: authority, [publishedLabel]: "crl" },
    },
    data: { [crlKeys.pem]: encoded.pem, [crlKeys.root]: generation.root.pem },
    binaryData: { [crlKeys.der]: Buffer.from(encoded.der).toString("base64") },
  };
  const written = await (configMap === undefined
    ? client.create<ConfigMap>(configMapResource, content, { signal })
    : client.replace<ConfigMap>(configMapResource, content, { signal }));
  return readStored(written);
}

/** The stored CRL. Throws when it cannot be read strictly: what was published before must be known to go on. */
export function readStored(configMap: ConfigMap): StoredCrl {
  const der = new Uint8Array(Buffer.from(configMap.binaryData?.[crlKeys.der] ?? "", "base64"));
  const crl = readCrl(der);
  const entries = [...crl.entries];
  return {
    ...crl,
    serials: new Set(entries.map(({ serial }) => serial)),
    compromised: new Set(
      entries.filter(({ reason }) => reason === "keyCompromise").map(({ serial }) => serial as string),
    ),
  };
}

function entryOf({ spec, status }: IssuedCertificate): RevocationEntry {
  const revoked = status?.revoked;
  if (revoked === undefined) throw new TypeError("only revoked records make entries");
  return {
    serial: spec.serial,
    revokedAt: seconds(new Date(revoked.at)),
    reason: revoked.reason,
    notAfter: seconds(new Date(spec.notAfter)),
    actor: revoked.requestedBy ?? revoked.revocation,
  };
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
