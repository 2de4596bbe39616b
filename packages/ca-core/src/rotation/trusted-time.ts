import type { ClockReadings } from "./observation.ts";
import { formatInstant } from "./reason.ts";

const TOLERANCE_MS = 5 * 60_000;

export type TrustedTime =
  | { readonly ok: true; readonly now: number }
  | { readonly ok: false; readonly message: string; readonly until?: number };

/**
 * The time by which generations change their phase. At least two clocks must be known, all that are known must agree
 * within five minutes, and none may be more than five minutes below the highest time ever stored. The earliest of them
 * counts, so that nothing ends too early.
 *
 * @example
 * trustedTime({ own: 1_000, apiServer: 0, aws: undefined, highWater: 0 }); // { ok: true, now: 0 }
 */
export function trustedTime({ own, apiServer, aws, highWater }: ClockReadings): TrustedTime {
  const clocks = [
    { name: "the publisher's clock", at: own },
    { name: "the API server", at: apiServer },
    { name: "AWS", at: aws },
  ].flatMap(({ name, at }) => (at === undefined ? [] : [{ name, at }]));
  const said = () => clocks.map(({ name, at }) => `${name} says ${formatInstant(at)}`).join(", ");
  if (clocks.length < 2) {
    return { ok: false, message: `the time is not known: ${said()}, and neither the API server nor AWS has answered` };
  }
  const now = Math.min(...clocks.map(({ at }) => at));
  const latest = Math.max(...clocks.map(({ at }) => at));
  // A clock that gives no time (NaN) fails both comparisons.
  if (!(latest - now <= TOLERANCE_MS)) {
    return {
      ok: false,
      message: `the clocks are more than five minutes apart: ${said()}; correct the one that is wrong`,
    };
  }
  if (!(now >= highWater - TOLERANCE_MS)) {
    return {
      ok: false,
      message: `the time went back: ${said()}, and ${formatInstant(highWater)} was reached before`,
      until: highWater - TOLERANCE_MS,
    };
  }
  return { ok: true, now };
}
