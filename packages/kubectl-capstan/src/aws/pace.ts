import { type Clock, sleep } from "@capstan/kube";
import { explainAwsError, isAbsent, isThrottled } from "./aws-error.ts";

/** How long to wait before each further try of a call that AWS throttled: others call in the same account as well. */
const throttleWaitsMs = [1_000, 2_000, 4_000, 8_000, 16_000];

const never = new AbortController().signal;

/**
 * Makes calls one after another, `intervalMs` apart, and again when AWS throttles them. Nothing else is repeated: a write
 * whose answer was lost may have happened.
 *
 * @see https://docs.aws.amazon.com/rolesanywhere/latest/userguide/quotas.html for the rates
 */
export class Pace {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  #freeAt = Number.NEGATIVE_INFINITY;
  #last: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  /**
   * @param name the call's IAM action, for errors
   * @throws {PluginError}
   */
  call<T>(name: string, send: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      for (const waitMs of [...throttleWaitsMs, undefined]) {
        await this.#wait(this.#freeAt - this.#clock.monotonic());
        try {
          return await send();
        } catch (error) {
          if (waitMs === undefined || !isThrottled(error)) throw explainAwsError(name, error);
          await this.#wait(waitMs);
        } finally {
          this.#freeAt = this.#clock.monotonic() + this.#intervalMs;
        }
      }
      throw new TypeError("unreachable: the last try has returned or thrown");
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** The same of a call whose subject may not exist. */
  find<T>(name: string, send: () => Promise<T>): Promise<T | undefined> {
    return this.call(name, async () => {
      try {
        return await send();
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    });
  }

  async #wait(ms: number): Promise<void> {
    if (ms > 0) await sleep(this.#clock, ms, never);
  }
}
