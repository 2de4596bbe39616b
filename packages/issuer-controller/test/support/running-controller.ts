import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  capstanClusterIssuerResource,
  capstanIssuerResource,
  certificateAuthorityResource,
  generationMarkResource,
} from "@capstan/api";
import { createLogger, createMetrics, HealthServer, type RuntimeMetrics } from "@capstan/kube";
import { vi } from "vitest";
import { startIssuerController } from "../../src/issuer-controller.ts";
import { certificateRequestResource } from "../../src/requests/certificate-request.ts";
import { ApiServer } from "./api-server.ts";
import {
  authority,
  clusterIssuer,
  keySecret,
  mark,
  namespacedIssuer,
  namespaceObject,
  now,
  ownNamespace,
  type Request,
  request,
  type TestGeneration,
  webhookConfigurations,
} from "./objects.ts";
import { secretResource, webhookResourceOf } from "./world.ts";

const namespaceResource = { ...secretResource, plural: "namespaces", kind: "Namespace", namespaced: false } as const;

/** The whole controller, as main.ts starts it, on an API server that holds an issuing authority and two issuers. */
export class RunningController implements AsyncDisposable {
  readonly server: ApiServer;
  readonly metrics: RuntimeMetrics = createMetrics();
  readonly #stop = new AbortController();
  readonly #folder: string;
  #ended: Promise<void> = Promise.resolve();

  private constructor(server: ApiServer, folder: string) {
    this.server = server;
    this.#folder = folder;
  }

  static async start(
    generation: TestGeneration,
    options: { readonly before?: (server: ApiServer) => void; readonly workers?: number } = {},
  ): Promise<RunningController> {
    const controller = new RunningController(
      await ApiServer.start(),
      await mkdtemp(path.join(tmpdir(), "capstan-controller-")),
    );
    const { server } = controller;
    server.put(secretResource, keySecret(generation));
    server.put(generationMarkResource, mark(now));
    server.put(certificateAuthorityResource, authority([generation]));
    server.put(capstanClusterIssuerResource, clusterIssuer());
    server.put(capstanIssuerResource, namespacedIssuer());
    server.put(namespaceResource, namespaceObject());
    for (const one of webhookConfigurations()) server.put(webhookResourceOf(one), one);
    options.before?.(server);
    controller.#ended = controller.#run(options.workers ?? 4);
    return controller;
  }

  async #run(workers: number): Promise<void> {
    const { client, connection } = this.server;
    const { metrics } = this;
    await startIssuerController(
      {
        client,
        connection,
        metrics,
        health: new HealthServer({ host: "127.0.0.1", port: 0, metrics }),
        log: createLogger({ program: "test", level: "error", to: { write: () => {} } }),
        userAgent: "capstan-issuer-controller/test",
        settings: {
          kubeconfig: undefined,
          namespace: ownNamespace,
          healthAddress: { host: "127.0.0.1", port: 0 },
          logLevel: "error",
          leaseDurationMs: 30_000,
          renewDeadlineMs: 20_000,
          retryPeriodMs: 5_000,
          auditLog: path.join(this.#folder, "audit.log"),
          workers,
          retryLimit: 600_000,
          ledgerRetention: 86_400_000,
          ledgerLimit: 250_000,
          approver: { namespace: "cert-manager", name: "cert-manager" },
        },
        now: () => now,
        random: randomBytes,
      },
      this.#stop.signal,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#ended;
    await this.server[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true });
  }

  request(name = "web-1"): Request | undefined {
    return this.server.read(certificateRequestResource, { namespace: "demo", name }) as Request | undefined;
  }

  /** Status and reason of the Ready condition of a request. */
  ready(name = "web-1"): string {
    const ready = this.request(name)?.status?.conditions?.find(({ type }) => type === "Ready");
    return ready === undefined ? "none" : `${ready.status} ${ready.reason ?? ""}`;
  }

  /** Waits for a request to say so; how long it takes is the machine's affair. */
  async until(expected: string, name = "web-1"): Promise<void> {
    await vi.waitUntil(() => this.ready(name) === expected, { timeout: 30_000, interval: 10 });
  }

  ask(name: string, change: Parameters<typeof request>[0] = {}): void {
    this.server.put(
      certificateRequestResource,
      request({ ...change, metadata: { name, uid: name, ...change.metadata } }),
    );
  }
}
