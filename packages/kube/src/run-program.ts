import type { Logger } from "./logger.ts";

export interface ProgramOptions {
  readonly log: Logger;
  /** Works until the signal aborts, then winds up and resolves. A rejection ends the process with status 1. */
  readonly start: (signal: AbortSignal) => Promise<void>;
}

// Under the usual terminationGracePeriodSeconds of 30, over the drain of 20 s and the lease's release.
const stopLimitMs = 28_000;

/**
 * Runs a program to its end and sets the exit status: 0 after SIGTERM or SIGINT and an orderly stop; 1 after a failure, an
 * unhandled rejection or exception, a second signal (at once), or a stop that took over 28 s. Log lines are written synchronously,
 * so none is lost.
 */
export function runProgram(options: ProgramOptions): void {
  const { log, start } = options;
  const stop = new AbortController();
  const exit = (status: 0 | 1): never => {
    log.flush();
    process.exit(status);
  };
  const fail = (what: string, error: unknown): never => {
    log.error({ err: error }, what);
    return exit(1);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stop.signal.aborted) {
      log.warn({ signal }, "second signal: ending at once");
      exit(1);
    }
    log.info({ signal }, "stopping");
    stop.abort(new Error(`the process received ${signal}`));
    setTimeout(() => fail("the stop took too long", undefined), stopLimitMs).unref();
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  process.on("uncaughtException", (error) => fail("uncaught exception", error));
  process.on("unhandledRejection", (reason) => fail("unhandled rejection", reason));
  const run = async (): Promise<void> => {
    try {
      await start(stop.signal);
    } catch (error) {
      fail("failed", error);
    }
    log.info("ended");
    exit(0);
  };
  void run();
}
