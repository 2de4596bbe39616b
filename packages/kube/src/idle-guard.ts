import type { Clock } from "./clock.ts";
import { KubeConnectionError } from "./kube-error.ts";

/** Ends a watch on which nothing came for too long: the other side may be gone without a word. */
export class IdleGuard {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #outer: AbortSignal;
  readonly #controller = new AbortController();
  readonly #abort = (): void => {
    this.#controller.abort(this.#outer.reason);
  };
  #cancel: () => void;

  constructor(clock: Clock, limitMs: number, outer: AbortSignal) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#outer = outer;
    outer.addEventListener("abort", this.#abort, { once: true });
    if (outer.aborted) this.#abort();
    this.#cancel = this.#arm();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  async *watch(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.#cancel();
      this.#cancel = this.#arm();
      yield chunk;
    }
  }

  end(): void {
    this.#cancel();
    this.#outer.removeEventListener("abort", this.#abort);
  }

  #arm(): () => void {
    return this.#clock.setTimer(() => {
      this.#controller.abort(new KubeConnectionError("ERR_KUBE_TIMEOUT", `watch: silent for ${this.#limitMs} ms`));
    }, this.#limitMs);
  }
}
