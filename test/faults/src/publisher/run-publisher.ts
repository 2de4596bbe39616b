import type { Result } from "../result.ts";
import { seededRandom } from "../seeded-random.ts";
import { awsCases } from "./aws-cases.ts";
import { type Case, runCases } from "./case.ts";
import { clockCases } from "./clock-cases.ts";
import { guardCases } from "./guard-cases.ts";
import { keySecretCases } from "./key-secret-cases.ts";
import { type Killpoint, killCases, recordKillpoints } from "./kill-cases.ts";
import { kubeCases } from "./kube-cases.ts";
import type { Lab } from "./lab.ts";
import { MUTANTS } from "./mutants.ts";
import { revocationCases } from "./revocation-cases.ts";
import { scenarios } from "./scenarios.ts";
import { unknownCases } from "./unknown-cases.ts";

export interface PublisherRunOptions {
  readonly log: (line: string) => void;
  readonly seed: number;
  /** Names of cases hold one of these, separated by bars. */
  readonly only?: string;
  readonly parallel: number;
  readonly mutants: boolean;
}

export interface PublisherReport {
  readonly results: readonly Result[];
  readonly [part: string]: unknown;
}

/** Every case that needs no recording. */
export const tables: readonly Case[] = [
  ...guardCases,
  ...awsCases,
  ...kubeCases,
  ...clockCases,
  ...keySecretCases,
  ...revocationCases,
  ...unknownCases,
];

export async function runPublisher(lab: Lab, options: PublisherRunOptions): Promise<PublisherReport> {
  if (options.mutants) return { results: await runMutants(lab, options) };
  const { log, only = "", seed } = options;
  const wanted = only.split("|");
  const hasKills = wanted.some((text) => text === "" || text.startsWith("kill"));
  const killpoints = hasKills ? await recordAll(lab, log) : [];
  const cases = [...tables, ...killCases(killpoints)].filter(({ name }) => wanted.some((text) => name.includes(text)));
  const random = seededRandom(seed, "publisher");
  const shuffled = cases.map((one) => ({ one, at: random() })).toSorted((left, right) => left.at - right.at);
  const results = await runCases(
    lab,
    shuffled.map(({ one }) => one),
    options,
  );
  return { results, publisher: { killpoints } };
}

async function recordAll(lab: Lab, log: (line: string) => void): Promise<readonly Killpoint[]> {
  const recorded = await Promise.all(
    scenarios.map(async (scenario) => {
      const killpoints = await recordKillpoints(lab, scenario, `recorded-${scenario.name}`);
      const calls = killpoints.filter(({ moment }) => moment === "before");
      const writes = calls.filter(({ isRoutine }) => !isRoutine);
      log(
        `${scenario.name}: ${calls.length} calls, ${writes.length} of them count: ${writes.map(({ call }) => call).join(", ")}`,
      );
      return killpoints;
    }),
  );
  const killpoints = recorded.flat();
  log(`${killpoints.length} killpoints`);
  return killpoints;
}

/** Each mutant must fail in the case that is named for it, and for the reason that is named. */
export async function runMutants(
  lab: Lab,
  options: Omit<PublisherRunOptions, "mutants" | "seed">,
): Promise<readonly Result[]> {
  const { only = "", log } = options;
  const results: Result[] = [];
  const waiting = Object.entries(MUTANTS).filter(([name]) => only.split("|").some((text) => name.includes(text)));
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [name, { what, diesIn }] = next;
      const found = tables.filter((one) => one.name === diesIn.name);
      const [result] = await runCases(lab, found, { log: () => {}, parallel: 1, mutant: name });
      const hasDied = result?.outcome === "failed" && diesIn.by.test(result.note ?? "");
      const note = `${diesIn.name}: ${result === undefined ? "there is no such case" : (result.note ?? "it passed")}`;
      log(`${hasDied ? "passed" : "failed"} mutant ${name}, ${what}: ${note}`);
      results.push({ run: "mutants", name: `${name} dies`, outcome: hasDied ? "passed" : "failed", note });
    }
  };
  await Promise.all(Array.from({ length: options.parallel }, work));
  return results;
}
