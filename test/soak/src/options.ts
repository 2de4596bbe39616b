import { parseArgs } from "node:util";
import { type Plan, PLANS } from "./plan.ts";

export interface Options {
  readonly plan: Plan;
  /** A guard of the planner that the publisher goes without. */
  readonly brokenGuard: string | undefined;
}

export const usage = `usage: pnpm soak [--smoke | --real] [--rotations N] [--clients N] [--speed N] [--break GUARD]

  --smoke        ${PLANS.smoke.rotations} rotations under ${PLANS.smoke.workloads} workloads
  --real         ${PLANS.real.rotations} rotations with Certificates of cert-manager at AWS's own quotas
  --rotations N  (${PLANS.full.rotations})
  --clients N    workloads that renew and get sessions all the time (${PLANS.full.workloads})
  --speed N      how much faster than real time it runs (${PLANS.full.factor}); a busy machine takes less
  --break GUARD  let the publisher go without a guard of its planner, like drainIsOver: the run has to fail`;

/** @throws Error that names the option, the rule and the cure */
export function readOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== "--"), // pnpm hands its own separator on
    options: {
      help: { type: "boolean", default: false },
      smoke: { type: "boolean", default: false },
      real: { type: "boolean", default: false },
      rotations: { type: "string" },
      clients: { type: "string" },
      speed: { type: "string" },
      break: { type: "string" },
    },
  });
  if (values.help) return "help";
  if (values.smoke && values.real) throw new Error("--smoke and --real are two runs; give one of them");
  const plan = PLANS[values.smoke ? "smoke" : values.real ? "real" : "full"];
  return {
    plan: {
      ...plan,
      rotations: wholeNumber("rotations", values.rotations, 1_000) ?? plan.rotations,
      workloads: wholeNumber("clients", values.clients, 1_000) ?? plan.workloads,
      factor: wholeNumber("speed", values.speed, 200) ?? plan.factor,
    },
    brokenGuard: values.break,
  };
}

function wholeNumber(name: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^[0-9]+$/.test(text) && value >= 1 && value <= most) return value;
  throw new Error(`--${name} is ${text}; give a whole number from 1 to ${most}`);
}
