import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";

export const subjects = ["issuer", "publisher"] as const;
export type Subject = (typeof subjects)[number];

export interface Options {
  readonly subjects: readonly Subject[];
  readonly seed: number;
  /** Of the issuer's random run. */
  readonly requests: number;
  readonly kills: number;
  /** Of the issuer `directed` or `random`; of the publisher what the names of cases hold. */
  readonly only?: string;
  /** Cases of the publisher at a time. */
  readonly parallel: number;
  /** How much faster than real time they run. */
  readonly speed: number;
  /** Not the publisher is tried but whether the cases notice when it is broken. */
  readonly mutants: boolean;
}

export const usage = `usage: pnpm test:faults [--subject issuer|publisher] [--only TEXT] [--seed N]
                        [--requests N] [--kills N] [--parallel N] [--speed N] [--mutants]

  --subject NAME issuer or publisher (default: both)
  --only TEXT    of the issuer, the run directed or random; of the publisher, cases or mutants whose name holds
                 TEXT, or one of several with bars in between
  --seed N       draws the same again (default: a new one). Of the issuer, when replicas die; of the publisher, the order of cases
  --requests N   of the issuer's random run (1000)
  --kills N      of the issuer's random run at least (200)
  --parallel N   cases of the publisher at a time (8)
  --speed N      how much faster than real time they run (30); a busy machine takes less
  --mutants      publishers with one guard broken: each has to fail in the case that is named for it`;

const issuerRuns: readonly string[] = ["directed", "random"];

/**
 * @throws Error that names the option, the rule and the cure
 */
export function readOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== "--"), // pnpm hands its own separator on
    options: {
      help: { type: "boolean" },
      subject: { type: "string" },
      seed: { type: "string", default: String(randomInt(1, 2 ** 31)) },
      requests: { type: "string", default: "1000" },
      kills: { type: "string", default: "200" },
      only: { type: "string" },
      parallel: { type: "string", default: "8" },
      speed: { type: "string", default: "30" },
      mutants: { type: "boolean", default: false },
    },
  });
  if (values.help === true) return "help";
  const { only, subject, mutants } = values;
  const known = subjects.filter((one) => one === subject);
  if (subject !== undefined && known.length === 0) throw new Error(`--subject is ${subject}; give issuer or publisher`);
  const isIssuersRun = only !== undefined && issuerRuns.includes(only);
  if (subject === "issuer" && only !== undefined && !isIssuersRun)
    throw new Error(`--only is ${only}; of the issuer give directed or random`);
  if (subject === "issuer" && mutants) throw new Error("--mutants are of the publisher; leave --subject issuer out");
  const meant =
    mutants || (only !== undefined && !isIssuersRun)
      ? ["publisher" as const]
      : isIssuersRun
        ? ["issuer" as const]
        : subjects;
  return {
    subjects: known.length > 0 ? known : meant,
    seed: wholeNumber("seed", values.seed),
    requests: wholeNumber("requests", values.requests),
    kills: wholeNumber("kills", values.kills),
    ...(only === undefined ? {} : { only }),
    parallel: wholeNumber("parallel", values.parallel),
    speed: wholeNumber("speed", values.speed),
    mutants,
  };
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (/^[0-9]+$/.test(text) && value >= 1 && value < 2 ** 31) return value;
  throw new Error(`--${name} is ${text}; give a whole number from 1`);
}
