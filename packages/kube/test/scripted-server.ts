import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { vi } from "vitest";
import type { Credentials, KubeConnection } from "../src/kube-connection.ts";

/** A request as it came over the wire. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly isWatch: boolean;
}

/** One request and the means to answer it, or not to. */
export class Exchange {
  readonly seen: Seen;
  readonly #response: ServerResponse;
  isClosed = false;

  constructor(seen: Seen, response: ServerResponse) {
    this.seen = seen;
    this.#response = response;
    response.once("close", () => {
      this.isClosed = true;
    });
  }

  json(code: number, value: unknown, headers: Record<string, string> = {}): void {
    this.#response.writeHead(code, { "content-type": "application/json", ...headers });
    this.#response.end(JSON.stringify(value));
  }

  status(code: number, reason: string, headers: Record<string, string> = {}): void {
    const status = { kind: "Status", apiVersion: "v1", status: "Failure", message: `scripted ${reason}`, reason, code };
    this.json(code, status, headers);
  }

  /** Sends headers of a stream and bytes of its body. */
  write(bytes: string | Uint8Array = ""): void {
    if (!this.#response.headersSent) {
      this.#response.writeHead(200, { "content-type": "application/json" });
      this.#response.flushHeaders();
    }
    if (bytes.length > 0) this.#response.write(bytes);
  }

  event(type: string, object: unknown): void {
    this.write(`${JSON.stringify({ type, object })}\n`);
  }

  end(): void {
    this.write();
    this.#response.end();
  }

  /** TCP reset, in the middle of whatever was being said. */
  reset(): void {
    this.#response.socket?.resetAndDestroy();
  }
}

export type Step = (exchange: Exchange) => void;

/** A server on a real socket that does what the test says. Requests for which nothing is scripted are left unanswered. */
export class ScriptedServer {
  readonly seen: Seen[] = [];
  readonly exchanges: Exchange[] = [];
  connections = 0;
  handle: Step;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, handle: Step) {
    this.#server = server;
    this.handle = handle;
    server.on("connection", (socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      socket.on("error", () => {});
    });
    server.on("request", (request, response) => void this.#receive(request, response));
  }

  static async start(handle: Step = () => {}): Promise<ScriptedServer> {
    const server = new ScriptedServer(createServer({ keepAliveTimeout: 60_000 }), handle);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  /** Lists and watches take the next step of their script each. */
  static withScript(script: {
    readonly lists: readonly Step[];
    readonly watches: readonly Step[];
  }): Promise<ScriptedServer> {
    const lists = [...script.lists];
    const watches = [...script.watches];
    return ScriptedServer.start((exchange) => (exchange.seen.isWatch ? watches : lists).shift()?.(exchange));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get watches(): readonly Seen[] {
    return this.seen.filter((seen) => seen.isWatch);
  }

  get lists(): readonly Seen[] {
    return this.seen.filter((seen) => !seen.isWatch);
  }

  connection(credentials: Partial<Credentials> = {}): KubeConnection {
    return {
      server: this.url,
      namespace: undefined,
      proxyUrl: undefined,
      credentials: () => Promise.resolve({ headers: {}, tls: {}, ...credentials }),
      refuse: () => {},
    };
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Uint8Array[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Uint8Array);
    } catch {
      return; // the client went away
    }
    const url = new URL(request.url ?? "/", "http://server");
    const seen: Seen = {
      method: request.method ?? "",
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks).toString("utf8"),
      isWatch: url.searchParams.get("watch") === "true",
    };
    const exchange = new Exchange(seen, response);
    this.seen.push(seen);
    this.exchanges.push(exchange);
    this.handle(exchange);
  }
}

/** Waits until the assertion holds; fails with its error after half a minute. */
export async function eventually<T>(assertion: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(assertion, { timeout: 30_000, interval: 5 });
}
