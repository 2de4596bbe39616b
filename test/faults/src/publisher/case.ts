import type { Result } from "../result.ts";
import type { Lab } from "./lab.ts";
import { mutantNamed } from "./mutants.ts";
import { World, type WorldOptions } from "./world.ts";

/** One thing that goes wrong, and how it must end. */
export interface Case {
  readonly name: string;
  readonly world?: Pick<WorldOptions, "anchors" | "factor" | "unknowns" | "environment" | "maxLeafDuration">;
  /** Throws what is not as it should be. Rules that hold always are looked after by the witness. */
  readonly run: (world: World) => Promise<string | undefined>;
}

export interface CasesOptions {
  readonly log: (line: string) => void;
  /** So many at a time. */
  readonly parallel: number;
  /** The publisher is this one. */
  readonly mutant?: string;
}

let worlds = 0;

/** Tries cases, each with an authority of its own. In the order in which they are given. */
export async function runCases(lab: Lab, cases: readonly Case[], options: CasesOptions): Promise<readonly Result[]> {
  const results: Result[] = [];
  const waiting = [...cases];
  let done = 0;
  const work = async (): Promise<void> => {
    for (;;) {
      const next = waiting.shift();
      if (next === undefined) return;
      const begun = performance.now();
      const { outcome, note } = await tryCase(lab, next, options.mutant);
      done += 1;
      const seconds = Math.round((performance.now() - begun) / 1000);
      const said = note === undefined ? "" : `: ${note}`;
      options.log(`${done} of ${cases.length}: ${outcome} ${next.name} (${seconds} s)${said}`);
      results.push({ run: "publisher", name: next.name, outcome, ...(note === undefined ? {} : { note }) });
    }
  };
  await Promise.all(Array.from({ length: options.parallel }, work));
  return results;
}

async function tryCase(
  lab: Lab,
  { world: options = {}, run }: Case,
  mutant: string | undefined,
): Promise<Pick<Result, "outcome" | "note">> {
  worlds += 1;
  let note: string | undefined;
  const complaints: string[] = [];
  let world: World | undefined;
  try {
    const factor = mutantNamed(mutant)?.factor;
    const paced = factor === undefined ? options : { ...options, factor };
    world = await World.start(lab, { ...paced, name: `f${worlds}`, mutant });
    note = await run(world);
  } catch (error) {
    complaints.push(error instanceof Error ? error.message : String(error));
  }
  complaints.unshift(...(world?.witness.violations ?? []));
  await world?.[Symbol.asyncDispose]();
  if (complaints.length > 0) return { outcome: "failed", note: `${world?.name ?? ""} ${complaints.join("; ")}` };
  return { outcome: "passed", ...(note === undefined ? {} : { note }) };
}

/** Compares as JSON. @throws Error with both */
export function expectEqual(what: string, found: unknown, expected: unknown): void {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what} is ${left ?? "nothing"} and not ${right ?? "nothing"}`);
}
