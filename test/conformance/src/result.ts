import { outcomes, type Tried } from "@capstan/test-cluster/long-run";

/** How one spec ended against one issuer. */
export interface Result extends Tried {
  /** `certificates` or `certificatesigningrequests`, as cert-manager calls its suites. */
  readonly suite: string;
  readonly spec: string;
  /** The kind of issuer. */
  readonly issuer: string;
  /** Why it failed or was skipped. */
  readonly reason?: string;
  readonly milliseconds: number;
}

/** What a whole run comes to. */
export interface Results {
  /** Of the specs that were written anew. */
  readonly port: readonly Result[];
  /** Of cert-manager's own suites of v1.11.5. */
  readonly original: readonly Result[];
}

export type SuiteLine = { readonly planned: number } | { readonly result: Result };

/**
 * Reads one line of what the suite's program prints.
 *
 * @throws Error that quotes a line which is none of its own
 */
export function parseSuiteLine(line: string): SuiteLine {
  const value: unknown = parseJson(line);
  if (isObject(value) && typeof value["planned"] === "number") return { planned: value["planned"] };
  if (!isObject(value)) throw notOurs(line);
  const { suite, spec, issuer, outcome, reason, milliseconds } = value;
  const known = outcomes.find((one) => one === outcome);
  const isText = [suite, spec, issuer].every((text) => typeof text === "string" && text !== "");
  const isExplained = known === "passed" ? reason === undefined : typeof reason === "string" && reason !== "";
  if (known === undefined || !isText || !isExplained || typeof milliseconds !== "number") throw notOurs(line);
  return { result: value as unknown as Result };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw notOurs(line);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function notOurs(line: string): Error {
  return new Error(`the suite printed what is no result: ${line.slice(0, 200)}`);
}
