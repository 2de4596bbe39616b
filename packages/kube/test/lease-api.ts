import type { Lease } from "../src/lease.ts";
import { type Exchange, ScriptedServer, type Seen, type Step } from "./scripted-server.ts";

export const leasesPath = "/apis/coordination.k8s.io/v1/namespaces/capstan-system/leases";

/** Keeps one Lease as the API server does: a create of what exists and a PUT of an old resourceVersion are 409. */
export class LeaseApi {
  server!: ScriptedServer;
  lease: Lease | undefined;
  #version = 0;
  /** Takes the next requests instead, one each. */
  readonly instead: Step[] = [];
  /** Takes all requests instead, as long as it is set. */
  always: Step | undefined;

  static async start(): Promise<LeaseApi> {
    const api = new LeaseApi();
    api.server = await ScriptedServer.start((exchange) => {
      (
        api.instead.shift() ??
        api.always ??
        ((normal) => {
          api.answer(normal);
        })
      )(exchange);
    });
    return api;
  }

  answer(exchange: Exchange): void {
    this.take(exchange.seen)(exchange);
  }

  /** Does what was asked for, and returns what there is to say about it. */
  take({ method, body }: Seen): Step {
    const refuse =
      (code: number, reason: string): Step =>
      (exchange) => {
        exchange.status(code, reason);
      };
    const { lease } = this;
    if (method === "GET") return lease === undefined ? refuse(404, "NotFound") : this.#say(lease);
    const sent = JSON.parse(body) as Lease;
    if (method === "POST" && lease !== undefined) return refuse(409, "AlreadyExists");
    if (method === "PUT" && lease === undefined) return refuse(404, "NotFound");
    if (method === "PUT" && sent.metadata.resourceVersion !== lease?.metadata.resourceVersion) {
      return refuse(409, "Conflict");
    }
    return this.#say(this.store(sent));
  }

  #say(lease: Lease): Step {
    return (exchange) => {
      exchange.json(200, lease);
    };
  }

  store(lease: Lease): Lease {
    this.#version += 1;
    this.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(this.#version) } };
    return this.lease;
  }

  get writes(): readonly Lease[] {
    return this.server.seen.filter((seen) => seen.method !== "GET").map((seen) => JSON.parse(seen.body) as Lease);
  }
}
