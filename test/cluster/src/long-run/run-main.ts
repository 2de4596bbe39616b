import { formatTotals, type Tried } from "./totals.ts";

export interface LongRun<O> {
  readonly usage: string;
  /** @throws Error that names the option, the rule and the cure */
  readonly readOptions: (args: readonly string[]) => O | "help";
  readonly run: (options: O) => Promise<readonly Tried[]>;
}

/**
 * What a command that tries many things does with its arguments and its results: the last line of stdout are the totals. The exit
 * code is 1 when something failed, 2 for wrong usage.
 */
export async function runMain<O>({ usage, readOptions, run }: LongRun<O>): Promise<void> {
  let options: O | "help";
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    process.exitCode = 2;
    return;
  }
  if (options === "help") {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const results = await run(options);
  process.stdout.write(`${formatTotals(results)}\n`);
  process.exitCode = results.some(({ outcome }) => outcome === "failed") ? 1 : 0;
}
