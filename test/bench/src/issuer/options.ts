import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { FULL, SMOKE, type Size } from "./size.ts";

export const PARTS = ["backlog", "certificates", "memory"] as const;
export type Part = (typeof PARTS)[number];

export interface Options {
  readonly parts: readonly Part[];
  readonly size: Size;
  /** Where the JSON goes. */
  readonly json: string;
  /** Where the issuer controller leaves its CPU profiles. */
  readonly profile: string | undefined;
}

const defaultJson = path.join(tmpdir(), "capstan-bench-issuer.json");

export const USAGE: string = `pnpm bench:issuer [--only backlog|certificates|memory]... [--smoke] [--profile FOLDER] [--json FILE]

  --only     run this part alone; may be given more than once
  --smoke    a small run of two to three minutes, whose times mean little
  --profile  a folder for CPU profiles of the issuer controller, one for each start; it is slower with them
  --json     where to write the figures; default: ${defaultJson}`;

/** @throws TypeError for an option or a part that does not exist */
export function readOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== "--"), // pnpm hands its own separator on
    options: {
      only: { type: "string", multiple: true, default: [] },
      smoke: { type: "boolean", default: false },
      profile: { type: "string" },
      json: { type: "string", default: defaultJson },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const unknown = values.only.find((part) => !PARTS.some((known) => known === part));
  if (unknown !== undefined) throw new TypeError(`--only ${unknown}: must be one of ${PARTS.join(", ")}`);
  const parts = PARTS.filter((part) => values.only.length === 0 || values.only.includes(part));
  const profile = values.profile === undefined ? undefined : path.resolve(values.profile);
  return { parts, size: values.smoke ? SMOKE : FULL, json: path.resolve(values.json), profile };
}
