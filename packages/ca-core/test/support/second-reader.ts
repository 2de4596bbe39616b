import { EventEmitter } from "node:events";
import { readCrl } from "../../src/index.ts";
import type { SecondCrlReading } from "../../src/x509/crl-reader-worker.ts";
import type { ReaderThread, SecondReaderOptions } from "../../src/x509/second-reading.ts";

/** A second reader that is the first one, but for what is told to be otherwise, and no thread of its own. */
export function readerWith(otherwise: Partial<SecondCrlReading>): SecondReaderOptions {
  return {
    startReader: (der) => {
      const { thisUpdate, nextUpdate, entries } = readCrl(der);
      const reading = { thisUpdate, nextUpdate, serials: Array.from(entries, ({ serial }) => serial), ...otherwise };
      return threadThatEmits("message", reading);
    },
  };
}

/**
 * A second reader that finds nothing by itself: for tests of what else is found, as often as they like, since a worker
 * takes a third of a second to start.
 */
export const AGREEING_READER: SecondReaderOptions = readerWith({});

/** A second reader that fails. */
export function readerThatThrows(error: unknown): SecondReaderOptions {
  return { startReader: () => threadThatEmits("error", error) };
}

function threadThatEmits(event: "message" | "error", value: unknown): ReaderThread {
  const thread = Object.assign(new EventEmitter(), { terminate: async () => 0 });
  queueMicrotask(() => thread.emit(event, value));
  return thread;
}
