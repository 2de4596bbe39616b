import { setTimeout as delay } from "node:timers/promises";
import { type Clock, systemClock } from "@capstan/kube";
import type { Clock as PacingClock } from "@capstan/rolesanywhere";

/** Names the time scale in the environment of our own test-only programs. */
export const timeScaleVariable = "CAPSTAN_TEST_TIME_SCALE";

/** Names, there too, by what the publisher paces its calls: `real` or `raised` quotas. */
export const quotasVariable = "CAPSTAN_TEST_QUOTAS";

/**
 * Time that runs faster than it does. All processes of a run count from one origin, so they agree as closely as real clocks
 * of one machine. Leases, network time limits, etcd and cert-manager keep real time.
 */
export class ScaledTime {
  /** Milliseconds since 1970 at which both times are the same. */
  readonly origin: number;
  /** How much faster it runs, 1 to 200. */
  readonly factor: number;
  /** For what is waited for. */
  readonly clock: Clock;
  /** For the pace of calls to AWS where it allows in a second of the run what it else allows in a real one. */
  readonly pacing: PacingClock;

  constructor(origin: number, factor: number) {
    if (!Number.isSafeInteger(origin) || !(factor >= 1 && factor <= 200)) {
      throw new RangeError(`origin ${origin} and factor ${factor}: give milliseconds since 1970, and 1 to 200`);
    }
    this.origin = origin;
    this.factor = factor;
    this.clock = {
      now: () => this.at(systemClock.now()),
      monotonic: () => systemClock.monotonic() * factor,
      setTimer: (callback, ms) => systemClock.setTimer(callback, ms / factor),
    };
    this.pacing = {
      now: () => this.clock.monotonic(),
      sleep: (ms, signal) => delay(ms / factor, undefined, { signal }),
    };
  }

  readonly now = (): Date => new Date(this.clock.now());

  /** What time it is when it really is `real`, both in milliseconds since 1970. */
  at(real: number): number {
    return Math.round(this.origin + (real - this.origin) * this.factor);
  }

  /** For {@link timeScaleVariable}. */
  format(): string {
    return `${this.factor}@${this.origin}`;
  }

  /** @throws Error that names the variable and its form */
  static parse(text: string | undefined): ScaledTime {
    const { factor, origin } = /^(?<factor>\d+(\.\d+)?)@(?<origin>\d+)$/.exec(text ?? "")?.groups ?? {};
    if (factor === undefined || origin === undefined) {
      throw new Error(
        `${timeScaleVariable} is ${JSON.stringify(text ?? "")}; give FACTOR@ORIGIN, like 40@1795348800000`,
      );
    }
    return new ScaledTime(Number(origin), Number(factor));
  }
}
