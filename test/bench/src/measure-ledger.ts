import { randomUUID } from "node:crypto";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type IssuedCertificate, issuedCertificateResource, notAfterLabel } from "@capstan/api";
import {
  collectionPath,
  isAlreadyExists,
  isOutcomeUnknown,
  KubeApiError,
  KubeClient,
  loadKubeConnection,
} from "@capstan/kube";
import { type Cluster, type ManagedProcess, pickFreePort, startProcess } from "@capstan/test-cluster";
import { EtcdGateway } from "./etcd-gateway.ts";
import { ledgerRecord } from "./ledger-records.ts";
import { memoryOf, type ProcessMemory } from "./process-memory.ts";
import { say } from "@capstan/test-cluster/long-run";

const root = path.resolve(fileURLToPath(import.meta.url), "../../../..");
const namespace = "capstan-system";
const writers = 16;
const createdOnes = 500;
/** Each is some kilobytes, and etcd takes 1.5 MiB at once. */
const perTransaction = 100;
const metadataOnly = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

export interface LedgerRun {
  readonly cluster: Cluster;
  readonly client: KubeClient;
}

/** What is there at one moment. */
export interface LedgerSample {
  readonly records: number;
  /** Bytes of etcd's database that hold something, and bytes of its file. */
  readonly etcdInUseBytes: number;
  readonly etcdFileBytes: number;
  readonly etcd: ProcessMemory;
  readonly apiServer: ProcessMemory;
  /** Milliseconds, the middle of three. */
  readonly times: Readonly<Record<LedgerQuestion, number>>;
  /** Of each controller, after it has started with a ledger of this size and is ready. */
  readonly controllers: Readonly<Record<LedgerController, ProcessMemory>>;
}

/** What is asked of the ledger, and by whom. */
export type LedgerQuestion =
  /** The issuer controller, every minute. */
  | "count"
  /** The issuer controller, every hour: the metadata of what has expired; here none has. */
  | "expired"
  /** The metadata of all, in pages of 500. */
  | "index"
  /** `kubectl get issuedcertificates` and the audit comparison: everything, in pages of 500. */
  | "list"
  /** A Revocation that names a serial. */
  | "by serial"
  /** The publisher's cache. */
  | "revoked"
  | "get";

const controllers = {
  "issuer-controller": "packages/issuer-controller/src/main.ts",
  "crl-publisher": "packages/crl-publisher/src/main.ts",
} as const;

export type LedgerController = keyof typeof controllers;

export function openLedger(cluster: Cluster): LedgerRun {
  const connection = loadKubeConnection({ kubeconfig: cluster.adminKubeconfig });
  return { cluster, client: new KubeClient(connection, { userAgent: "bench-ledger", requestTimeoutMs: 120_000 }) };
}

/**
 * Creates records `from` up to `to`, and returns how many of them were created a second.
 *
 * The first are created as a controller does. The rest are put into etcd as the API server stored those, since a busy
 * machine takes an hour for a hundred thousand creates; the API server cannot tell the difference.
 */
export async function fillLedger(run: LedgerRun, from: number, to: number): Promise<number> {
  const notAfter = new Date(Math.floor(Date.now() / 1000) * 1000 + 86_400_000);
  const created = Math.min(to - from, createdOnes);
  const began = performance.now();
  let next = from;
  const create = async (): Promise<void> => {
    while (next < from + created) {
      const index = next;
      next += 1;
      await createUntilThere(run.client, ledgerRecord(index, notAfter));
    }
  };
  await Promise.all(Array.from({ length: writers }, create));
  const perSecond = created / ((performance.now() - began) / 1000);
  await store(run, from + created, to, notAfter);
  return perSecond;
}

async function store({ cluster, client }: LedgerRun, from: number, to: number, notAfter: Date): Promise<void> {
  const etcd = new EtcdGateway(cluster);
  const model = ledgerRecord(from, notAfter);
  await createUntilThere(client, model);
  const stored = await etcd.read(keyOf(model));
  for (let first = from + 1; first < to; first += perTransaction) {
    if ((first - from - 1) % (perTransaction * 50) === 0) say(`record ${first} of ${to}`);
    const indexes = Array.from({ length: Math.min(perTransaction, to - first) }, (_, offset) => first + offset);
    const records = indexes.map((index) => ledgerRecord(index, notAfter));
    await etcd.write(
      records.map(({ metadata, spec }) => [
        keyOf({ metadata }),
        { ...stored, metadata: { ...stored.metadata, ...metadata, uid: randomUUID() }, spec },
      ]),
    );
  }
}

function keyOf({ metadata }: { readonly metadata: { readonly name: string } }): string {
  return `/registry/capstan.dev/issuedcertificates/${namespace}/${metadata.name}`;
}

async function createUntilThere(client: KubeClient, record: IssuedCertificate): Promise<void> {
  for (;;) {
    try {
      await client.create(issuedCertificateResource, record);
      return;
    } catch (error) {
      if (isAlreadyExists(error)) return;
      if (!isOutcomeUnknown(error)) throw error;
    }
  }
}

export async function sampleLedger(run: LedgerRun): Promise<LedgerSample> {
  const { cluster } = run;
  await untilSettled(run);
  say("asking the ledger");
  const times = await timeQuestions(run);
  say("starting the controllers");
  const started = Object.fromEntries(
    await Promise.all(
      Object.keys(controllers).map(async (name) => [name, await controllerMemory(cluster, name as LedgerController)]),
    ),
  ) as LedgerSample["controllers"];
  const etcd = await new EtcdGateway(cluster).metrics();
  return {
    records: await countRecords(run),
    etcdInUseBytes: metric(etcd, "etcd_mvcc_db_total_size_in_use_in_bytes"),
    etcdFileBytes: metric(etcd, "etcd_mvcc_db_total_size_in_bytes"),
    etcd: memoryOf(`--data-dir=${cluster.directory}`),
    apiServer: memoryOf("kube-apiserver", cluster.directory, "--etcd-servers"),
    times,
    controllers: started,
  };
}

interface Page {
  readonly items:
    | null
    | readonly {
        readonly metadata: { readonly name: string };
        readonly spec?: { readonly serial: string };
      }[];
  readonly metadata: { readonly continue?: string; readonly remainingItemCount?: number };
}

type Query = Readonly<Record<string, string | number | undefined>>;

function page({ client }: LedgerRun, query: Query, accept?: string): Promise<Page> {
  const path = collectionPath(issuedCertificateResource, namespace);
  return client.request<Page>({ method: "GET", path, query, ...(accept === undefined ? {} : { accept }) });
}

async function allPages(run: LedgerRun, query: Query, accept?: string): Promise<void> {
  let token: string | undefined;
  do {
    const { metadata } = await page(run, { ...query, limit: 500, continue: token }, accept);
    token = metadata.continue === "" ? undefined : metadata.continue;
  } while (token !== undefined);
}

async function countRecords(run: LedgerRun): Promise<number> {
  const { items, metadata } = await page(run, { limit: 1 }, metadataOnly);
  // The API server writes null for no metadata.
  return (items ?? []).length + (metadata.remainingItemCount ?? 0);
}

/** The API server answers lists from a cache that etcd's events fill; while it lags behind, a list waits for it for up to 3 s. */
async function untilSettled(run: LedgerRun): Promise<void> {
  for (let round = 0; round < 200; round += 1) {
    const began = performance.now();
    const count = await countRecords(run).catch(ifBehind);
    if (count !== undefined && performance.now() - began < 1_000) return;
    say("the API server is still reading");
  }
}

/** 504 "Too large resource version": asked of a cache that does not have it yet. */
function ifBehind(error: unknown): undefined {
  if (error instanceof KubeApiError && error.code === 504) return undefined;
  throw error;
}

async function timeQuestions(run: LedgerRun): Promise<LedgerSample["times"]> {
  const [first] = (await page(run, { limit: 1 })).items ?? [];
  const { metadata: { name } = { name: "none" }, spec: { serial } = { serial: "4f1c" } } = first ?? {};
  const questions: Readonly<Record<LedgerQuestion, () => Promise<unknown>>> = {
    count: () => countRecords(run),
    expired: () => allPages(run, { labelSelector: `${notAfterLabel}<${Math.floor(Date.now() / 1000)}` }, metadataOnly),
    index: () => allPages(run, {}, metadataOnly),
    list: () => allPages(run, {}),
    "by serial": () => allPages(run, { fieldSelector: `spec.serial=${serial}` }),
    revoked: () => allPages(run, { fieldSelector: "status.revoked.reason!=" }),
    get: () => run.client.getOrUndefined(issuedCertificateResource, { namespace, name }),
  };
  const times: Partial<Record<LedgerQuestion, number>> = {};
  for (const [question, ask] of Object.entries(questions)) {
    times[question as LedgerQuestion] = await middleOfThree(ask);
    say(`${question}: ${Math.round(times[question as LedgerQuestion] ?? 0)} ms`);
  }
  return times as LedgerSample["times"];
}

async function middleOfThree(act: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const began = performance.now();
    await act();
    times.push(performance.now() - began);
  }
  return times.toSorted((one, other) => one - other)[1] ?? 0;
}

/** Starts a controller as its own service account and reads its memory once it is ready and has settled. */
async function controllerMemory(cluster: Cluster, name: LedgerController): Promise<ProcessMemory> {
  const health = await pickFreePort();
  const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace, name });
  const started = await startProcess({
    name,
    program: process.execPath,
    environment: { PATH: process.env["PATH"], HOME: cluster.directory },
    args: [
      "--conditions=@capstan/source",
      path.join(root, controllers[name]),
      `--kubeconfig=${kubeconfig}`,
      `--health-address=127.0.0.1:${health}`,
    ],
    logFile: path.join(cluster.logs, `${name}.log`),
  });
  try {
    await untilReady(started, `http://127.0.0.1:${health}`);
    return memoryOf(controllers[name], kubeconfig);
  } finally {
    await started.kill();
  }
}

/** Ready, and the one that looks through the ledger has done so. */
async function untilReady(started: ManagedProcess, url: string): Promise<void> {
  const looked = 'controller_runtime_reconcile_total{controller="ledger",result="requeue_after"}';
  for (;;) {
    if (started.ending() !== undefined) throw await started.failure("ended before it was ready");
    await new Promise((resolve) => setTimeout(resolve, 500));
    const ready = await fetch(`${url}/readyz`).catch(() => undefined);
    if (ready?.ok !== true) continue;
    if (started.name !== "issuer-controller") return;
    if (metric(await (await fetch(`${url}/metrics`)).text(), looked) > 0) return;
  }
}

function metric(text: string, name: string): number {
  const line = text.split("\n").find((one) => one.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}
