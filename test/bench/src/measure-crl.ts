import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { benchProgram } from "./child-contestant.ts";
import { numberIn } from "./go-program.ts";
import { say } from "@capstan/test-cluster/long-run";
import type { Size } from "./size.ts";
import { median } from "./statistics.ts";

export type CrlMaker = "ca-core" | "peculiar" | "go";

export interface CrlResult {
  readonly maker: CrlMaker;
  readonly entries: number;
  /** From entries in memory to the signed CRL; ca-core reads it again in this time. Median when made more than once. */
  readonly elapsedMs: number;
  /** Of the whole process, entries and programs included; the largest when made more than once. */
  readonly peakBytes: number;
  readonly crlBytes: number;
}

const HIGHEST_REPEATS = 3;

/** Makes each CRL in a process of its own, all makers of one size one after another. */
export async function measureCrl(options: {
  /** With ca-key.pem and root.pem. */
  readonly folder: string;
  readonly goProgram: string;
  readonly size: Size;
}): Promise<CrlResult[]> {
  const { folder, goProgram, size } = options;
  const commandOf = (maker: CrlMaker, entries: number): [string, ...string[]] =>
    maker === "go"
      ? [goProgram, "crl", folder, String(entries)]
      : [...benchProgram("crl-child-main"), maker, folder, String(entries)];
  const results: CrlResult[] = [];
  for (const entries of size.crlEntries) {
    const makers: CrlMaker[] = entries <= size.peculiarCrlEntries ? ["ca-core", "peculiar", "go"] : ["ca-core", "go"];
    const repeats = entries <= size.crlRepeatUpTo ? HIGHEST_REPEATS : 1;
    for (const maker of makers) {
      const answers: unknown[] = [];
      for (let i = 0; i < (maker === "peculiar" ? 1 : repeats); i += 1) {
        answers.push(await runChild(commandOf(maker, entries)));
      }
      const all = (field: string): number[] => answers.map((answer) => numberIn(answer, field));
      results.push({
        maker,
        entries,
        elapsedMs: median(all("elapsedMs")),
        peakBytes: Math.max(...all("peakBytes")),
        crlBytes: Math.max(...all("crlBytes")),
      });
    }
    say(`CRLs of ${entries} entries done`);
  }
  return results;
}

async function runChild([program, ...args]: [string, ...string[]]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(program, args);
  return JSON.parse(stdout) as unknown;
}
