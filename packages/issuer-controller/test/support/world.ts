import { X509Certificate } from "node:crypto";
import {
  type CapstanClusterIssuer,
  capstanClusterIssuerResource,
  type CapstanIssuer,
  capstanIssuerResource,
  type CertificateAuthority,
  certificateAuthorityResource,
  generationMarkResource,
  type IssuedCertificate,
  issuedCertificateResource,
  type RevocationList,
} from "@capstan/api";
import {
  createLogger,
  createMetrics,
  EventRecorder,
  type KubeObject,
  type ReconcileResult,
  type RuntimeMetrics,
} from "@capstan/kube";
import { CelEvaluator, QuotaBook } from "@capstan/policy";
import { randomBytes } from "node:crypto";
import { ObjectStore } from "../../../kube/src/object-store.ts";
import { createRequestMetrics } from "../../src/metrics/request-metrics.ts";
import { certificateRequestResource } from "../../src/requests/certificate-request.ts";
import type { IssuerRef } from "../../src/issuers/issuer-kinds.ts";
import { type SigningRequest, signingRequestResource } from "../../src/kubernetes-csr/signing-request.ts";
import {
  mutatingWebhookResource,
  validatingWebhookResource,
  type WebhookObject,
  webhooksOf,
} from "../../src/issuers/webhooks.ts";
import { signingRequestKind } from "../../src/kubernetes-csr/signing-request-kind.ts";
import { Attempts } from "../../src/requests/attempts.ts";
import { certificateRequestKind } from "../../src/requests/certificate-request-kind.ts";
import { Grace } from "../../src/requests/grace.ts";
import { LooksUnderWay } from "../../src/requests/looks-under-way.ts";
import { requestReconciler } from "../../src/requests/reconcile-request.ts";
import { keptParts } from "../../src/requests/kept-parts.ts";
import * as signingRequestParts from "../../src/kubernetes-csr/kept-parts.ts";
import { LedgerRoom } from "../../src/ledger/ledger-room.ts";
import { BlockedKeys } from "../../src/signing/blocked-keys.ts";
import { KeyRing } from "../../src/signing/key-ring.ts";
import { Ledger } from "../../src/signing/ledger.ts";
import { MarkKeeper } from "../../src/signing/mark-keeper.ts";
import { takenByRecords } from "../../src/signing/quota-records.ts";
import { ReleasedBefore } from "../../src/signing/released-before.ts";
import { SharedReads } from "../../src/signing/shared-reads.ts";
import type { SignerOptions } from "../../src/signing/sign-issuance.ts";
import { ApiServer } from "./api-server.ts";
import { type AuditLines, openAuditLines } from "./audit-lines.ts";
import {
  authority,
  clusterIssuer,
  hour,
  keySecret,
  mark,
  minute,
  namespacedIssuer,
  namespaceObject,
  newGeneration,
  now,
  ownNamespace,
  type Request,
  request,
  type TestGeneration,
  webhookConfigurations,
} from "./objects.ts";

export const secretResource = {
  group: "",
  version: "v1",
  plural: "secrets",
  kind: "Secret",
  namespaced: true,
} as const;
const namespaceResource = {
  group: "",
  version: "v1",
  plural: "namespaces",
  kind: "Namespace",
  namespaced: false,
} as const;

/**
 * An issuer controller's reconciler with an API server that holds an issuing authority and one approved request. What
 * the controller sees in its caches is what the server held when `observe` was called last.
 */
export class World implements AsyncDisposable {
  readonly server: ApiServer;
  readonly generation: TestGeneration;
  readonly logLines: Record<string, unknown>[] = [];
  readonly audit: AuditLines;
  /** What was reported of issuers. */
  readonly broken: { readonly issuer: IssuerRef; readonly message: string }[] = [];
  readonly signer: SignerOptions;
  readonly underWay = new LooksUnderWay();
  /** Those of the process that runs now. */
  metrics: RuntimeMetrics = createMetrics();
  /** How full the ledger is. */
  readonly room = new LedgerRoom({ limit: 1_000 });
  /** Their blocked keys are what the controller sees of them. */
  readonly revocationLists: ObjectStore<RevocationList> = new ObjectStore();
  /** Since when they have been silent. */
  silentMs = 0;
  /** Since when namespaces or webhooks have been. */
  namespacesSilentMs = 0;
  now: Date = now;
  /** Milliseconds of a clock that never jumps, as the limit of attempts sees it. */
  monotonic = 0;
  readonly #requests = new ObjectStore<Request>();
  readonly #clusterIssuers = new ObjectStore<CapstanClusterIssuer>();
  readonly #issuers = new ObjectStore<CapstanIssuer>();
  readonly #authorities = new ObjectStore<CertificateAuthority>();
  readonly #namespaces = new ObjectStore<KubeObject>();
  readonly #cel = new CelEvaluator();
  readonly #webhooks = new ObjectStore<WebhookObject>();
  readonly #events: EventRecorder;
  readonly #signingRequests = new ObjectStore<SigningRequest & KubeObject>();
  #reconcile: Readonly<Record<"requests" | "signingRequests", ReturnType<typeof requestReconciler>>>;

  private constructor(server: ApiServer, generation: TestGeneration, audit: AuditLines) {
    this.server = server;
    this.generation = generation;
    const { client } = server;
    const to = { write: (line: string) => void this.logLines.push(JSON.parse(line) as Record<string, unknown>) };
    const log = createLogger({ program: "test", level: "debug", to });
    this.#events = new EventRecorder({ client, reportingController: "test", reportingInstance: "test", log });
    this.audit = audit;
    this.signer = {
      namespace: ownNamespace,
      audit: audit.log,
      cel: this.#cel,
      quotas: this.#openQuotas(),
      ledger: new Ledger({ client, namespace: ownNamespace, room: this.room }),
      reads: new SharedReads(client),
      keys: new KeyRing({ client, namespace: ownNamespace }),
      marks: new MarkKeeper({ client, namespace: ownNamespace }),
      blockedKeys: new BlockedKeys({ lists: this.revocationLists, silentMs: () => this.silentMs }),
      now: () => this.now,
      random: randomBytes,
      log,
    };
    this.#reconcile = this.#start();
  }

  /** As a process that begins to lead. */
  #start(): Readonly<Record<"requests" | "signingRequests", ReturnType<typeof requestReconciler>>> {
    const { client } = this.server;
    const ledger = new Ledger({ client, namespace: ownNamespace, room: this.room });
    const seen = [...this.#requests.list(), ...this.#signingRequests.list()];
    ledger.doubt(seen.flatMap(({ metadata }) => metadata.uid ?? []));
    const issuers = { CapstanClusterIssuer: this.#clusterIssuers, CapstanIssuer: this.#issuers };
    this.metrics = createMetrics();
    const shared = {
      client,
      issuers,
      metrics: createRequestMetrics(this.metrics, {
        requests: this.#requests,
        signingRequests: this.#signingRequests,
        issuers,
        now: () => this.now,
      }),
      authorities: this.#authorities,
      namespaces: this.#namespaces,
      webhooks: webhooksOf([this.#webhooks]),
      silentMs: () => this.namespacesSilentMs,
      signer: { ...this.signer, ledger, quotas: this.#openQuotas() },
      attempts: new Attempts({ limitMs: 10 * minute, monotonic: () => this.monotonic, random: () => 1 }),
      events: this.#events,
      grace: new Grace({ released: new ReleasedBefore({ client, namespace: ownNamespace }), now: () => this.now }),
      underWay: this.underWay,
      onBroken: (issuer: IssuerRef, message: string) => void this.broken.push({ issuer, message }),
      now: () => this.now,
      log: this.signer.log,
    };
    return {
      requests: requestReconciler({ ...shared, kind: certificateRequestKind(), requests: this.#requests }),
      signingRequests: requestReconciler({
        ...shared,
        kind: signingRequestKind({ client }),
        requests: this.#signingRequests,
      }),
    };
  }

  #openQuotas(): QuotaBook {
    const nowMs = (): number => this.now.getTime();
    return new QuotaBook({
      nowMs,
      readTaken: takenByRecords({ client: this.server.client, namespace: ownNamespace }, nowMs),
    });
  }

  /** Another process takes over, which remembers nothing. */
  restart(): void {
    this.#reconcile = this.#start();
  }

  static async start(generation?: TestGeneration): Promise<World> {
    const world = new World(await ApiServer.start(), generation ?? (await newGeneration()), await openAuditLines());
    const { server } = world;
    server.put(secretResource, keySecret(world.generation));
    server.put(generationMarkResource, mark(new Date(now.getTime() - hour)));
    server.put(certificateAuthorityResource, authority([world.generation]));
    server.put(capstanClusterIssuerResource, clusterIssuer());
    server.put(capstanIssuerResource, namespacedIssuer());
    server.put(namespaceResource, namespaceObject());
    for (const one of webhookConfigurations()) server.put(webhookResourceOf(one), one);
    server.put(certificateRequestResource, request());
    world.observe();
    return world;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#events.flush();
    await this.#cel.close();
    await this.server[Symbol.asyncDispose]();
  }

  /** Brings the controller's caches up to date. */
  observe(): void {
    fill(this.#requests, (this.server.all(certificateRequestResource) as readonly Request[]).map(keptParts));
    fill(
      this.#signingRequests,
      (this.server.all(signingRequestResource) as readonly (SigningRequest & KubeObject)[]).map(
        signingRequestParts.keptParts,
      ),
    );
    fill(this.#clusterIssuers, this.server.all(capstanClusterIssuerResource));
    fill(this.#issuers, this.server.all(capstanIssuerResource));
    fill(this.#authorities, this.server.all(certificateAuthorityResource));
    fill(this.#namespaces, this.server.all(namespaceResource));
    // Both have one name, so each is kept under its kind.
    for (const key of this.#webhooks.keys()) this.#webhooks.delete(key);
    for (const type of [mutatingWebhookResource, validatingWebhookResource]) {
      for (const one of this.server.all(type) as readonly WebhookObject[]) {
        this.#webhooks.set({ ...one, metadata: { ...one.metadata, name: `${one.kind}-${one.metadata.name}` } });
      }
    }
  }

  /** One reconcile of the request with the caches as they are. */
  async reconcile(key = "demo/web-1"): Promise<ReconcileResult> {
    const result = await this.#reconcile.requests(key, new AbortController().signal);
    await this.#events.flush();
    return result ?? {};
  }

  /** One reconcile of the CertificateSigningRequest "web". */
  async reconcileSigningRequest(): Promise<ReconcileResult> {
    const result = await this.#reconcile.signingRequests("web", new AbortController().signal);
    await this.#events.flush();
    return result ?? {};
  }

  /** The request as it is stored. */
  get request(): Request | undefined {
    return this.server.read(certificateRequestResource, { namespace: "demo", name: "web-1" }) as Request | undefined;
  }

  /** Its Ready condition, and whether a certificate and a failureTime stand beside it. */
  get answer(): string {
    const status = this.request?.status;
    const ready = status?.conditions?.find(({ type }) => type === "Ready");
    if (ready === undefined) return "none";
    const extras = [
      ...(status?.certificate === undefined ? [] : ["certificate"]),
      ...(status?.failureTime === undefined ? [] : ["failureTime"]),
    ];
    return [`${ready.status} ${ready.reason ?? ""}`, ...extras].join(" + ");
  }

  /** The message of its Ready condition. */
  get message(): string {
    return this.request?.status?.conditions?.find(({ type }) => type === "Ready")?.message ?? "";
  }

  /** The certificate that was handed out. */
  get leaf(): X509Certificate {
    return new X509Certificate(Buffer.from(this.request?.status?.certificate ?? "", "base64"));
  }

  get ledger(): readonly IssuedCertificate[] {
    return this.server.all(issuedCertificateResource) as readonly IssuedCertificate[];
  }

  /** How many leaves were signed, released or not. */
  get signatures(): number {
    return this.audit.lines.filter(({ event }) => event === "signing").length;
  }

  get events(): readonly string[] {
    const events = this.server.calls.filter(({ method, path }) => method === "POST" && path.endsWith("/events"));
    return events.map(({ body }) => String((body as unknown as Record<string, unknown>)["reason"]));
  }

  /** Changes the request as it is stored. */
  setRequest(change: Parameters<typeof request>[0]): Request {
    return this.server.put(certificateRequestResource, request(change));
  }
}

/** Where a webhook configuration is served. */
export function webhookResourceOf({ kind }: WebhookObject): typeof mutatingWebhookResource {
  return kind === "MutatingWebhookConfiguration" ? mutatingWebhookResource : validatingWebhookResource;
}

function fill<T extends KubeObject>(store: ObjectStore<T>, objects: readonly unknown[]): void {
  for (const key of store.keys()) store.delete(key);
  for (const object of objects) store.set(object as T);
}
