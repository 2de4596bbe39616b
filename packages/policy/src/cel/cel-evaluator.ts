import { Worker } from "node:worker_threads";
import type { CelInput } from "./cel-variables.ts";
import type { CelFault, CelOutcome } from "./cel-language.ts";
import type { CelAnswer, CelTask } from "./cel-worker.ts";

export interface CelEvaluatorOptions {
  /** How long one expression may take, in milliseconds. Default is 1,000: a thousand times what an ordinary one takes. */
  readonly timeLimitMs?: number;
}

/** Answers of the evaluator itself, where the worker gave none. */
export type CelVerdict =
  | CelOutcome
  /** It took too long or too much memory, or could not be asked: another time may go better. */
  | { readonly ok: false; readonly fault: CelFault; readonly isTransient: true };

type CelQuestion = { readonly expression: string } & (
  | { readonly do: "check" }
  | { readonly do: "evaluate"; readonly input: CelInput }
);

/** Longer texts are not worth the worker's time: the schema bounds expressions to the same. */
const maxExpressionLength = 4_096;
/** Of the input as JSON: a request is 8 KB at most; the rest are labels and groups. */
const maxInputLength = 65_536;
/** To load the library: a busy machine is no fault of an expression. */
const startLimitMs = 30_000;
const workerHeapMb = 64;

/**
 * Evaluates expressions in a worker of its own, one after the other. An expression that does not end is ended with its
 * worker, and the next one gets a new worker. Nothing throws: every answer but `{ ok: true, value: true }` refuses.
 *
 * @example
 * const evaluator = new CelEvaluator();
 * await evaluator.check("request.commonName.endsWith('.' + requester.namespace)"); // undefined: nothing wrong
 * await evaluator.close();
 */
export class CelEvaluator {
  readonly #timeLimitMs: number;
  #worker: Promise<Worker> | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #lastId = 0;

  constructor({ timeLimitMs = 1_000 }: CelEvaluatorOptions = {}) {
    this.#timeLimitMs = timeLimitMs;
  }

  /** What is wrong with an expression whatever the request; undefined when nothing is. */
  async check(expression: string): Promise<CelFault | undefined> {
    if (expression.length > maxExpressionLength) return tooLong;
    const answer = await this.#ask({ do: "check", expression });
    return "fault" in answer ? answer.fault : { rule: "the check gave no answer" };
  }

  /** The value of an expression. */
  async evaluate(expression: string, input: CelInput): Promise<CelVerdict> {
    if (expression.length > maxExpressionLength) return { ok: false, fault: tooLong };
    const size = JSON.stringify(input).length;
    if (size > maxInputLength) {
      const rule = `what it would be asked about has ${size} characters, and at most ${maxInputLength} are taken`;
      return { ok: false, fault: { rule } };
    }
    const answer = await this.#ask({ do: "evaluate", expression, input });
    if ("outcome" in answer) return answer.outcome;
    return { ok: false, fault: answer.fault ?? { rule: "the evaluation gave no answer" }, isTransient: true };
  }

  /** Ends the worker, after what was asked before. A later question starts a new one. */
  async close(): Promise<void> {
    await this.#enqueue(async () => await this.#end());
  }

  async #ask(question: CelQuestion): Promise<CelAnswer> {
    const id = ++this.#lastId;
    return await this.#enqueue(async () => {
      try {
        return await this.#askWorker({ ...question, id });
      } catch (error) {
        await this.#end();
        return { id, fault: { rule: error instanceof Error ? error.message : "the evaluation was ended" } };
      }
    });
  }

  async #enqueue<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(act, act);
    this.#queue = turn;
    return await turn;
  }

  async #askWorker(task: CelTask): Promise<CelAnswer> {
    this.#worker ??= startWorker();
    const worker = await this.#worker;
    const limit = `it was ended after ${this.#timeLimitMs} ms`;
    const answer = answerOf(worker, this.#timeLimitMs, limit, (message) => (message as CelAnswer).id === task.id);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port between threads has no origin
    worker.postMessage(task);
    return (await answer) as CelAnswer;
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    // One that could not be started has nothing to end.
    await worker?.then(
      async (started) => await started.terminate(),
      () => undefined,
    );
  }
}

const tooLong: CelFault = { rule: `it is longer than ${maxExpressionLength} characters` };

async function startWorker(): Promise<Worker> {
  // Sources run as they are, and the built package has the same files with another ending.
  const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const worker = new Worker(new URL(`./cel-worker.${ending}`, import.meta.url), {
    execArgv: [],
    env: {},
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: workerHeapMb, maxYoungGenerationSizeMb: 16 },
  });
  // An idle worker keeps no process alive; one that is waited for is kept by its timer.
  worker.unref();
  // An error that comes when nobody waits, as of memory, must not end the process.
  worker.on("error", () => undefined);
  try {
    await answerOf(worker, startLimitMs, "the worker did not start", (message) => message === "ready");
    return worker;
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}

/** The first message that is wanted, or an error when the worker ends or the time has passed. */
async function answerOf(
  worker: Worker,
  limitMs: number,
  limitText: string,
  isWanted: (message: unknown) => boolean,
): Promise<unknown> {
  const ended = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise<unknown>((resolve, reject) => {
      const listeners = {
        message: (message: unknown): void => void (isWanted(message) && resolve(message)),
        error: (error: Error): void => reject(new Error(`it failed: ${error.message}`)),
        exit: (code: number): void => reject(new Error(`the worker ended with ${code}`)),
      };
      worker.on("message", listeners.message).on("error", listeners.error).on("exit", listeners.exit);
      ended.signal.addEventListener("abort", () => {
        worker.off("message", listeners.message).off("exit", listeners.exit).off("error", listeners.error);
      });
      timer = setTimeout(() => reject(new Error(limitText)), limitMs);
    });
  } finally {
    clearTimeout(timer);
    ended.abort();
  }
}
