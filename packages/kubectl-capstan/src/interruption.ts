import { constants } from "node:os";
import process from "node:process";

/** What ends a command that nobody waits for any more. Not SIGHUP, which would end what was started by nohup. */
export const endingSignals = ["SIGINT", "SIGTERM"] as const;

/**
 * Ends the process as the signal would have done without a listener, so that a shell sees 128 and the signal's number, and a
 * script that was interrupted with it ends too.
 *
 * That there is a listener makes the difference: it is called between two turns of the event loop alone, so that what is
 * done in one turn, like the writing of key and certificate, is done whole or not at all.
 */
export function endBy(signal: (typeof endingSignals)[number]): never {
  if (process.stdin.isTTY) process.stdin.setRawMode(false);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  // The first process of a container is not ended by its own signals.
  process.exit(128 + constants.signals[signal]);
}
