// The worker of CelEvaluator: checks and evaluates one expression at a time. Whatever becomes of it, its host ends it.
import { parentPort } from "node:worker_threads";
import { RE2JS } from "re2js";
import { checkExpression, evaluateExpression } from "./cel-language.ts";
import type { CelAnswer, CelTask } from "./cel-protocol.ts";

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
