import { createHash, randomBytes, randomUUID, X509Certificate } from "node:crypto";
import {
  apiVersion,
  type AuthorityOperation,
  authorityOperationResource,
  type CapstanClusterIssuer,
  capstanClusterIssuerResource,
  type CertificateAuthority,
  certificateAuthorityResource,
  type GenerationMark,
  generationMarkResource,
  type IssuedCertificate,
  issuedCertificateResource,
} from "@capstan/api";
import { createLogger, EventRecorder, type ReconcileResult } from "@capstan/kube";
import { ApiServer } from "../../../issuer-controller/test/support/api-server.ts";
import { ObjectStore } from "../../../kube/src/object-store.ts";
import { AnchorMemories } from "../../src/anchors/anchor-memory.ts";
import type { AnchorSpec } from "../../src/authority/authority-parts.ts";
import { type Generation, GenerationStore, secretResource } from "../../src/authority/generation-store.ts";
import { type AuthorityReconcilerOptions, authorityReconciler } from "../../src/authority/reconcile-authority.ts";
import { Readings } from "../../src/revocations/readings.ts";
import { CrlBook } from "../../src/rotation/crl-book.ts";
import type { OwnSessions } from "../../src/rotation/own-sessions.ts";
import { MemoryAudit } from "./audit.ts";
import { Aws } from "./aws.ts";
import { authority, ownNamespace } from "./objects.ts";

const own = { namespace: ownNamespace };

/** Credentials come from the standard provider chain, and canaries pass or not as the test says. */
export class TestSessions implements OwnSessions {
  /** Of the leaf that the credentials come from. */
  generation: number | undefined;
  canaryPasses = true;
  readonly canaries: number[] = [];

  ownLeaf(): { readonly generation: number } | undefined {
    return this.generation === undefined ? undefined : { generation: this.generation };
  }

  renew(_authority: string, _anchor: AnchorSpec, { number }: Generation): Promise<void> {
    this.generation = number;
    return Promise.resolve();
  }

  runCanary(
    _authority: string,
    _anchor: AnchorSpec,
    { number }: Generation,
  ): Promise<{ readonly passed: boolean; readonly message: string }> {
    this.canaries.push(number);
    const message = this.canaryPasses ? "a session" : "AccessDeniedException: Untrusted signing certificate";
    return Promise.resolve({ passed: this.canaryPasses, message });
  }
}

/** A line of the publisher's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/** A process of the publisher: what it remembers ends with it. */
export class Publisher {
  readonly options: AuthorityReconcilerOptions;
  readonly readings = new Readings();
  readonly #reconcile: ReturnType<typeof authorityReconciler>;
  #isSpinning = false;

  constructor(world: RotationWorld, change: Partial<AuthorityReconcilerOptions> = {}) {
    const { server, aws } = world;
    const { client } = server;
    const audit = new MemoryAudit().log;
    const write = (text: string): void => {
      const line = JSON.parse(text) as LogLine;
      world.logLines.push(line);
      this.#isSpinning ||= line.msg.includes("without coming to rest");
    };
    const log = createLogger({ program: "test", level: "info", to: { write } });
    const now = (): Date => aws.now;
    this.options = {
      client,
      namespace: ownNamespace,
      records: world.records,
      operations: world.operations,
      issuers: [world.issuers],
      generations: new GenerationStore({ client, namespace: ownNamespace, audit, now }),
      crls: new CrlBook(),
      memories: new AnchorMemories(),
      controlPlaneOf: () => aws.controlPlane,
      sessions: world.sessions,
      awsClock: aws.awsClock,
      readings: this.readings,
      now,
      random: randomBytes,
      recordName: randomUUID,
      audit,
      events: new EventRecorder({ client, reportingController: "test", reportingInstance: "test", log }),
      log,
      // Nobody is left behind by a slow machine.
      patienceMs: 60_000,
      ...change,
    };
    this.#reconcile = authorityReconciler(this.options);
  }

  async look(): Promise<ReconcileResult> {
    const result = (await this.#reconcile("fleet", new AbortController().signal)) ?? {};
    if (this.#isSpinning) throw new Error("the publisher took step after step without getting on");
    return result;
  }
}

/** Kubernetes and AWS with one clock, the authority "fleet", and a publisher that can be started anew. */
export class RotationWorld implements AsyncDisposable {
  readonly server: ApiServer;
  readonly aws: Aws;
  readonly records = new ObjectStore<IssuedCertificate>({ authority: ({ spec }) => [spec.authority] });
  readonly operations = new ObjectStore<AuthorityOperation>({ authority: ({ spec }) => [spec.authority] });
  readonly issuers = new ObjectStore<CapstanClusterIssuer>({ authority: ({ spec }) => [spec.caRef.name] });
  readonly sessions = new TestSessions();
  /** Of every publisher, in order. */
  readonly logLines: LogLine[] = [];
  publisher: Publisher;

  private constructor(server: ApiServer, aws: Aws) {
    this.server = server;
    this.aws = aws;
    server.now = () => aws.now;
    this.publisher = new Publisher(this);
  }

  static async start(
    spec: Partial<CertificateAuthority["spec"]> = {},
    aws: Parameters<typeof Aws.start>[0] = {},
  ): Promise<RotationWorld> {
    const world = new RotationWorld(await ApiServer.start(), await Aws.start(aws));
    world.server.put(certificateAuthorityResource, authority({ spec }));
    return world;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.aws[Symbol.asyncDispose]();
  }

  /** A new process takes over. */
  restart(): void {
    this.publisher = new Publisher(this);
  }

  /** One look at the authority, with caches that are up to date. */
  async look(publisher: Publisher = this.publisher): Promise<ReconcileResult> {
    this.observe();
    return publisher.look();
  }

  observe(): void {
    fill(this.records, this.server.all(issuedCertificateResource));
    fill(this.operations, this.server.all(authorityOperationResource));
    fill(this.issuers, this.server.all(capstanClusterIssuerResource));
  }

  advance(ms: number): void {
    this.aws.clock.advance(ms);
  }

  /** Looks, and waits as long as it was told to, until that is so or `limitMs` have passed. */
  async until(isSo: () => boolean, limitMs: number): Promise<void> {
    const end = this.aws.clock.now() + limitMs;
    for (;;) {
      const { requeueAfterMs } = await this.look();
      if (isSo()) return;
      if (requeueAfterMs === undefined || this.aws.clock.now() > end) {
        throw new Error(`not in ${limitMs} ms: ${JSON.stringify(this.fleet.status?.conditions, undefined, 1)}`);
      }
      this.advance(requeueAfterMs);
    }
  }

  get fleet(): CertificateAuthority {
    return this.server.read(certificateAuthorityResource, { name: "fleet" }) as CertificateAuthority;
  }

  get isGone(): boolean {
    return this.server.read(certificateAuthorityResource, { name: "fleet" }) === undefined;
  }

  /** Such as "1 Draining, 2 Active". */
  get phases(): string {
    return (this.fleet.status?.generations ?? []).map(({ number, phase }) => `${number} ${phase}`).join(", ");
  }

  /** Conditions as "Ready True Issuing". */
  get said(): readonly string[] {
    return (this.fleet.status?.conditions ?? []).map(({ type, status, reason }) => `${type} ${status} ${reason}`);
  }

  /** Generations whose roots AWS holds, in the first trust anchor. */
  async bundle(): Promise<readonly number[]> {
    const [anchor] = await this.aws.controlPlane.listTrustAnchors();
    const known = this.fleet.status?.generations ?? [];
    const blocks = anchor?.bundlePem?.match(/-----BEGIN[^]+?-----END CERTIFICATE-----\n?/g) ?? [];
    return blocks
      .map((pem) => createHash("sha256").update(new X509Certificate(pem).raw).digest("hex"))
      .map((sha256) => known.find(({ fingerprint }) => fingerprint === sha256)?.number ?? 0)
      .toSorted((left, right) => left - right);
  }

  /** Generations whose CRLs AWS holds. */
  async crls(): Promise<readonly number[]> {
    const crls = await this.aws.controlPlane.listCrls();
    return crls
      .map(({ name }) => Number(/^capstan-fleet-(\d+)-/.exec(name)?.[1]))
      .toSorted((left, right) => left - right);
  }

  /** Generations that have a key. */
  get keys(): readonly number[] {
    return this.server.all(secretResource).map((secret) => {
      const { metadata } = secret as { readonly metadata: { readonly name: string } };
      return Number(metadata.name.slice("fleet-".length));
    });
  }

  mark(generation: number): GenerationMark {
    const ref = { ...own, name: `fleet-${generation}` };
    return this.server.read(generationMarkResource, ref) as GenerationMark;
  }

  /** What the issuer does before it signs a leaf that ends then. */
  raiseMark(generation: number, notAfter: Date): void {
    const mark = this.mark(generation);
    this.server.put(generationMarkResource, { ...mark, spec: { ...mark.spec, notAfter: notAfter.toISOString() } });
  }

  /** What it does before it signs one of profile General. */
  raiseGeneralMark(generation: number, notAfter: Date): void {
    const { spec, ...mark } = this.mark(generation);
    const generalNotAfter = notAfter.toISOString();
    const end = Date.parse(spec.notAfter) < notAfter.getTime() ? generalNotAfter : spec.notAfter;
    this.server.put(generationMarkResource, { ...mark, spec: { ...spec, notAfter: end, generalNotAfter } });
  }

  order(name: string, spec: Omit<AuthorityOperation["spec"], "authority" | "requestedBy">): void {
    this.server.put(authorityOperationResource, {
      apiVersion,
      kind: "AuthorityOperation",
      metadata: { ...own, name, creationTimestamp: this.aws.now.toISOString() },
      spec: { authority: "fleet", requestedBy: "alice", ...spec },
    });
  }

  /** How an operation stands, such as "Done: the issuer stands still". */
  outcome(name: string): string {
    const operation = this.server.read(authorityOperationResource, { ...own, name }) as AuthorityOperation | undefined;
    return `${operation?.status?.phase ?? "unseen"}: ${operation?.status?.message ?? ""}`;
  }

  addIssuer(name: string, standsStillFor?: number): void {
    this.server.put(capstanClusterIssuerResource, {
      apiVersion,
      kind: "CapstanClusterIssuer",
      metadata: { name },
      spec: {
        caRef: { name: "fleet" },
        profile: "RolesAnywhere",
        defaultDuration: "24h",
        overMaximum: "Refuse",
        policy: {},
      },
      ...(standsStillFor === undefined
        ? {}
        : { status: { standsStill: { authority: "fleet", order: standsStillFor } } }),
    });
  }

  /** As kubectl delete does. */
  delete(): void {
    const { metadata } = this.fleet;
    const deletionTimestamp = this.aws.now.toISOString();
    this.server.put(certificateAuthorityResource, { ...this.fleet, metadata: { ...metadata, deletionTimestamp } });
  }

  changeSpec(spec: Partial<CertificateAuthority["spec"]>): void {
    const { generation = 1 } = this.fleet.metadata;
    this.server.put(certificateAuthorityResource, {
      ...this.fleet,
      metadata: { ...this.fleet.metadata, generation: generation + 1 },
      spec: { ...this.fleet.spec, ...spec },
    });
  }
}

function fill<T extends { readonly metadata: { readonly name: string } }>(
  store: ObjectStore<T & { apiVersion: string; kind: string }>,
  objects: readonly unknown[],
): void {
  for (const key of store.keys()) store.delete(key);
  for (const object of objects) store.set(object as T & { apiVersion: string; kind: string });
}
