import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type Express } from "express";
import type { RuntimeMetrics } from "./metrics.ts";

/** Undefined when ready; else why not, for people. */
export type ReadyCheck = () => string | undefined;

export interface HealthServerOptions {
  /** An address of this machine, "" for all. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly metrics: RuntimeMetrics;
}

/**
 * One port for kubelet and Prometheus:
 * `/healthz` answers 200 as long as the event loop turns; `/readyz` 200 when every check passes, else 503 and the failing ones;
 * `/metrics` in Prometheus' text format. A standby that could take over is ready.
 */
export class HealthServer {
  readonly #options: HealthServerOptions;
  readonly #checks = new Map<string, ReadyCheck>();
  #server: Server | undefined;

  constructor(options: HealthServerOptions) {
    this.#options = options;
  }

  /** Readiness demands this too from now on. */
  addReadyCheck(name: string, check: ReadyCheck): void {
    if (this.#checks.has(name)) throw new Error(`there is a ready check "${name}" already`);
    this.#checks.set(name, check);
  }

  /** Resolves with the port it listens on. */
  async start(): Promise<number> {
    const { host, port } = this.#options;
    const server = createServer(this.#app());
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(host === "" ? { port } : { port, host }, resolve);
    });
    this.#server = server;
    return (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  #app(): Express {
    const app = express();
    app.disable("x-powered-by");
    app.disable("etag");
    app.use((_request, response, next) => {
      response.set("Cache-Control", "no-store");
      next();
    });
    app.get("/healthz", (_request, response) => {
      response.type("text/plain").send("ok\n");
    });
    app.get("/readyz", (request, response) => {
      const failing = this.#failing();
      const isVerbose = request.query["verbose"] !== undefined || failing.size > 0;
      const lines = [...this.#checks.keys()].map((name) => {
        const why = failing.get(name);
        return why === undefined ? `[+]${name} ok` : `[-]${name} failed: ${why}`;
      });
      const summary = failing.size === 0 ? "ok" : "not ready";
      response.status(failing.size === 0 ? 200 : 503).type("text/plain");
      response.send(`${(isVerbose ? [...lines, summary] : [summary]).join("\n")}\n`);
    });
    app.get("/metrics", async (_request, response) => {
      const { registry } = this.#options.metrics;
      response.set("Content-Type", registry.contentType).send(await registry.metrics());
    });
    return app;
  }

  #failing(): ReadonlyMap<string, string> {
    const failing = new Map<string, string>();
    for (const [name, check] of this.#checks) {
      const why = verdict(check);
      if (why !== undefined) failing.set(name, why);
    }
    return failing;
  }
}

function verdict(check: ReadyCheck): string | undefined {
  try {
    return check();
  } catch {
    return "the check itself failed";
  }
}
