import { parseArgs } from "node:util";

export interface Options {
  /** Run against cert-manager's own CA issuer instead of Capstan's. */
  readonly selfCheck: boolean;
  /** Run only specs of the port whose `suite / name` this finds. */
  readonly focus?: string;
  /** How many specs run at a time. */
  readonly workers: number;
}

export const usage = `usage: pnpm conformance [--self-check] [--focus REGEXP] [--workers N]

  --self-check     run the suites against cert-manager's own CA issuer, which must pass them
  --focus REGEXP   only specs of the port whose "suite / name" it finds; docs/conformance.md is not written then
  --workers N      how many specs of the port run at a time (4)`;

/**
 * @throws Error that names the option, the rule and the cure
 */
export function readOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean" },
      "self-check": { type: "boolean", default: false },
      focus: { type: "string" },
      workers: { type: "string", default: "4" },
    },
  });
  if (values.help === true) return "help";
  const workers = Number(values.workers);
  if (!Number.isInteger(workers) || workers < 1 || workers > 32)
    throw new Error(`--workers is ${values.workers}; give a whole number from 1 to 32`);
  return {
    selfCheck: values["self-check"],
    workers,
    ...(values.focus === undefined ? {} : { focus: values.focus }),
  };
}
