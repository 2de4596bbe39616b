import type { Outcome } from "./aws-calls.ts";
import { pick } from "./run.ts";
import { HOUR, MINUTE } from "./world.ts";

export const DONE: Outcome = { kind: "Done" };
export const quiet = (): Outcome => DONE;

/** A fault in one of four steps, and of every kind. */
export function faulty(seed: number): (step: number) => Outcome {
  let state = Math.floor(seed * 2 ** 31) | 1;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    const draw = state / 0x7fffffff;
    if (draw > 0.28) return DONE;
    return outcomeOf(draw / 0.28, (state % 97) / 97);
  };
}

export function outcomeOf(a: number, b: number): Outcome {
  const kinds: readonly Outcome[] = [
    { kind: "Throttled" },
    { kind: "AnswerLost" },
    { kind: "Late", afterMs: b < 0.8 ? b * 6 * MINUTE : b * 2 * HOUR },
    { kind: "NoEffect" },
    { kind: "CrashBefore" },
    { kind: "CrashAfter" },
    { kind: "Stale", ageMs: b * 3 * MINUTE },
  ];
  return pick(kinds, a) ?? DONE;
}
