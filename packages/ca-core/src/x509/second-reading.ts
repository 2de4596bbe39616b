import { Worker } from "node:worker_threads";
import type { SecondCrlReading } from "./crl-reader-worker.ts";

/** What `readCrlAgain` needs of a worker. */
export interface ReaderThread {
  on(event: "message", listener: (reading: SecondCrlReading) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "exit", listener: (code: number) => void): unknown;
  terminate(): Promise<unknown>;
}

export interface SecondReaderOptions {
  /** Milliseconds from the start of the worker to its answer. Default is 30,000 (30 seconds). */
  readonly timeLimitMs?: number;
  /** Starts what reads: it answers with one SecondCrlReading. Default is a worker with pkijs. */
  readonly startReader?: (der: Uint8Array) => ReaderThread;
}

/**
 * What pkijs reads in a CRL, in a worker of its own: it takes about 0.1 ms an entry, which would block the event loop.
 * Only for bytes that the strict reader has passed. The worker has ended when this settles, whatever became of it.
 *
 * @throws Error when pkijs cannot read it, or the worker fails, ends without an answer or runs out of time
 */
export async function readCrlAgain(der: Uint8Array, options: SecondReaderOptions = {}): Promise<SecondCrlReading> {
  const { timeLimitMs = 30_000, startReader = startCrlReader } = options;
  const worker = startReader(der);
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise<SecondCrlReading>((resolve, reject) => {
      const fail = (what: string): void => reject(new Error(`the second reader ${what}`));
      timer = setTimeout(() => fail(`gave no answer within ${timeLimitMs} ms`), timeLimitMs);
      worker.on("message", resolve);
      worker.on("error", reject);
      worker.on("exit", (code) => fail(`ended with ${code} and without an answer`));
    });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

/** Far above what reading a full CRL takes; without it a worker could take all the memory that the process has. */
const WORKER_HEAP_MB = 512;

function startCrlReader(der: Uint8Array): ReaderThread {
  // Sources run as they are, and the built package has the same files with another ending.
  const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return new Worker(new URL(`./crl-reader-worker.${ending}`, import.meta.url), {
    workerData: der,
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB },
  });
}
