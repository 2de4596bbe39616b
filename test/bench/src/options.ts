import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { FULL, SMOKE, type Size } from "./size.ts";

export const PARTS = ["leaves", "handover", "crl", "check"] as const;
export type Part = (typeof PARTS)[number];

export interface Options {
  readonly parts: readonly Part[];
  readonly size: Size;
  /** Where the JSON goes. */
  readonly json: string;
}

export const USAGE: string = `pnpm bench:core [--only leaves|handover|crl|check]... [--smoke] [--json FILE]

  --only   run this part alone; may be given more than once
  --smoke  a small run of some seconds, whose figures mean little
  --json   where to write the figures; default: ${path.join(tmpdir(), "capstan-bench-core.json")}`;

/** @throws TypeError for an option or a part that does not exist */
export function readOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== "--"), // pnpm hands its own separator on
    options: {
      only: { type: "string", multiple: true, default: [] },
      smoke: { type: "boolean", default: false },
      json: { type: "string", default: path.join(tmpdir(), "capstan-bench-core.json") },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const unknown = values.only.find((part) => !PARTS.some((known) => known === part));
  if (unknown !== undefined) throw new TypeError(`--only ${unknown}: must be one of ${PARTS.join(", ")}`);
  const parts = PARTS.filter((part) => values.only.length === 0 || values.only.includes(part));
  return { parts, size: values.smoke ? SMOKE : FULL, json: path.resolve(values.json) };
}
