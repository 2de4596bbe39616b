// The worker of CelEvaluator: checks and evaluates one expression at a time. Whatever becomes of it, its host ends it.
import { parentPort } from "node:worker_threads";
import { RE2JS } from "re2js";
import { checkExpression, evaluateExpression, type CelFault, type CelOutcome } from "./cel-language.ts";
import type { CelInput } from "./cel-variables.ts";

/** What the host sends to the worker. */
export type CelTask = { readonly id: number; readonly expression: string } & (
  | { readonly do: "check" }
  | { readonly do: "evaluate"; readonly input: CelInput }
);

/** What the worker sends back, after one "ready". */
export type CelAnswer = { readonly id: number } & (
  | { readonly fault: CelFault | undefined }
  | { readonly outcome: CelOutcome }
);

/**
 * What the library makes of `matches`: it calls `new RegExp(pattern).test(text)`. RE2's syntax is the one that CEL asks for,
 * and its time is linear in the text.
 */
class LinearRegExp {
  readonly #pattern: RE2JS;

  constructor(pattern: string) {
    this.#pattern = RE2JS.compile(pattern);
  }

  test(text: string): boolean {
    return this.#pattern.matcher(text).find();
  }
}

// In this thread nothing else makes a regular expression out of a text.
globalThis.RegExp = LinearRegExp as unknown as RegExpConstructor;

function answer(task: CelTask): CelAnswer {
  if (task.do === "check") return { id: task.id, fault: checkExpression(task.expression) };
  return { id: task.id, outcome: evaluateExpression(task.expression, task.input) };
}

/* oxlint-disable unicorn/require-post-message-target-origin -- a port between threads has no origin */
parentPort?.on("message", (task: CelTask) => parentPort?.postMessage(answer(task)));
parentPort?.postMessage("ready");
