import { KubeClient, LeadershipLostError, type RawRequest } from "@capstan/kube";
import type { RolesAnywhereControlPlane } from "@capstan/rolesanywhere";
import { GenerationStore } from "../../src/authority/generation-store.ts";
import { MemoryAudit } from "./audit.ts";
import { ownNamespace } from "./objects.ts";
import { Publisher, type RotationWorld } from "./rotation-world.ts";

/** Where a process ends: at its nth write to Kubernetes or AWS, before it is sent or after it has had its effect. */
export interface Failpoint {
  /** From 1. */
  readonly write: number;
  readonly position: "before" | "after";
}

/** A publisher that ends at a failpoint: from then on it can neither write nor read. */
export class KilledPublisher {
  readonly publisher: Publisher;
  /** Writes so far, such as "POST /api/v1/namespaces/capstan-system/secrets" and "importCrl". */
  readonly writes: string[] = [];
  readonly #at: Failpoint | undefined;
  #isDead = false;

  constructor(world: RotationWorld, at: Failpoint | undefined) {
    this.#at = at;
    const write = <T>(name: string, send: () => Promise<T>): Promise<T> => this.#write(name, send);
    const assertAlive = (): void => this.#assertAlive();
    const client = new (class extends KubeClient {
      override request<T = unknown>(raw: RawRequest): Promise<T> {
        assertAlive();
        // Events are written beside the work, and nothing depends on them.
        if (raw.method === "GET" || raw.path.includes("events.k8s.io")) return super.request<T>(raw);
        return write(`${raw.method} ${raw.path}`, () => super.request<T>(raw));
      }
    })(world.server.connection, { userAgent: "test", retryAfterBudgetMs: 0 });
    const { controlPlane } = world.aws;
    const killable = Object.fromEntries(
      Object.entries(controlPlane).map(([name, call]) => [
        name,
        (...args: readonly unknown[]) => {
          assertAlive();
          const send = (): Promise<unknown> => (call as (...args: readonly unknown[]) => Promise<unknown>)(...args);
          return /^(get|list)/.test(name) ? send() : write(name, send);
        },
      ]),
    ) as unknown as RolesAnywhereControlPlane;
    const { log } = new MemoryAudit();
    this.publisher = new Publisher(world, {
      client,
      generations: new GenerationStore({ client, namespace: ownNamespace, audit: log, now: () => world.aws.now }),
      controlPlaneOf: () => killable,
    });
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  #assertAlive(): void {
    if (this.#isDead) throw new LeadershipLostError("the process was killed");
  }

  async #write<T>(name: string, send: () => Promise<T>): Promise<T> {
    this.writes.push(name);
    if (this.writes.length !== this.#at?.write) return send();
    if (this.#at.position === "after") await send().catch(() => undefined);
    this.#isDead = true;
    throw new LeadershipLostError("the process was killed");
  }
}
