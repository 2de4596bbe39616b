import { KubeClient, type KubeClientOptions, type KubeConnection } from "@capstan/kube";
import type { ScaledTime } from "./time-scale.ts";

/** A client for whom the API server's clock runs as fast as everybody's: its Date header is real. */
export class ScaledKubeClient extends KubeClient {
  readonly #time: ScaledTime;

  constructor(connection: KubeConnection, options: KubeClientOptions, time: ScaledTime) {
    super(connection, options);
    this.#time = time;
  }

  override serverNow(maxAgeMs: number): number | undefined {
    const real = super.serverNow(maxAgeMs / this.#time.factor);
    return real === undefined ? undefined : this.#time.at(real);
  }
}
