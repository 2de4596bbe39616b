import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";

export interface Options {
  readonly seed: number;
  readonly requests: number;
  readonly kills: number;
  readonly only?: "directed" | "random";
}

export const usage = `usage: pnpm test:faults [--seed N] [--requests N] [--kills N] [--only directed|random]

  --seed N       draws the same lives again: when replicas die, and before or after which call (default: a new one)
  --requests N   of the random run (1000)
  --kills N      of the random run at least (200)
  --only RUN     directed or random (default: both)`;

/**
 * @throws Error that names the option, the rule and the cure
 */
export function readOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean" },
      seed: { type: "string", default: String(randomInt(1, 2 ** 31)) },
      requests: { type: "string", default: "1000" },
      kills: { type: "string", default: "200" },
      only: { type: "string" },
    },
  });
  if (values.help === true) return "help";
  const { only } = values;
  if (only !== undefined && only !== "directed" && only !== "random")
    throw new Error(`--only is ${only}; give directed or random`);
  return {
    seed: wholeNumber("seed", values.seed),
    requests: wholeNumber("requests", values.requests),
    kills: wholeNumber("kills", values.kills),
    ...(only === undefined ? {} : { only }),
  };
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (/^[0-9]+$/.test(text) && value >= 1 && value < 2 ** 31) return value;
  throw new Error(`--${name} is ${text}; give a whole number from 1`);
}
