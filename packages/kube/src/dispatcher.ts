import { Agent, type Dispatcher, ProxyAgent } from "undici";
import type { TlsSettings } from "./kube-connection.ts";

// Detects a dead peer within 40 s (Node then probes each second, ten times), as client-go's HTTP/2 health check does.
const keepAliveInitialDelay = 30_000;
// Below the API server's 90 s, and under the 60 s of common load balancers.
const keepAliveTimeout = 30_000;

/**
 * One pool of connections for all calls of a client, made anew only when the CA or the client certificate changes.
 * HTTP/1.1 alone: over HTTP/2 all watches would share one connection, and stall together.
 */
export class SharedDispatcher {
  readonly #proxyUrl: string | undefined;
  #current: { readonly tls: TlsSettings; readonly dispatcher: Dispatcher } | undefined;
  #closed = false;

  constructor(proxyUrl: string | undefined) {
    this.#proxyUrl = proxyUrl;
  }

  get(tls: TlsSettings): Dispatcher {
    if (this.#closed) throw new Error("the client is closed");
    if (this.#current !== undefined && isSame(this.#current.tls, tls)) return this.#current.dispatcher;
    const old = this.#current?.dispatcher;
    this.#current = { tls, dispatcher: create(tls, this.#proxyUrl) };
    // Lets running requests end; watches end by themselves within ten minutes.
    void old?.close();
    return this.#current.dispatcher;
  }

  /** Breaks what still runs. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#current?.dispatcher.destroy();
    this.#current = undefined;
  }
}

function create(tls: TlsSettings, proxyUrl: string | undefined): Dispatcher {
  const connect = { ...definedOnly(tls), allowH2: false, keepAlive: true, keepAliveInitialDelay };
  // The client has its own timeouts; undici's would cut quiet watches.
  const common = { allowH2: false, keepAliveTimeout, headersTimeout: 0, bodyTimeout: 0 };
  if (proxyUrl === undefined) return new Agent({ ...common, connect });
  return new ProxyAgent({ ...common, uri: proxyUrl, requestTls: connect, proxyTunnel: true });
}

function definedOnly(tls: TlsSettings): Record<string, unknown> {
  return Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
}

function isSame(a: TlsSettings, b: TlsSettings): boolean {
  return (
    sameBytes(a.ca, b.ca) &&
    sameBytes(a.cert, b.cert) &&
    sameBytes(a.key, b.key) &&
    a.servername === b.servername &&
    a.rejectUnauthorized === b.rejectUnauthorized
  );
}

function sameBytes(a: string | Uint8Array | undefined, b: string | Uint8Array | undefined): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  return a === b;
}
