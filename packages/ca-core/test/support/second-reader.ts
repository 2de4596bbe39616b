import { EventEmitter } from "node:events";
import { readCrl } from "../../src/index.ts";
import type { SecondReaderOptions } from "../../src/x509/second-reading.ts";

/**
 * A second reader that is the first one and so finds nothing by itself: for tests of what else is found, as often as
 * they like, since a worker takes a third of a second to start.
 */
export const AGREEING_READER: SecondReaderOptions = {
  startReader: (der) => {
    const { thisUpdate, nextUpdate, entries } = readCrl(der);
    const reading = { thisUpdate, nextUpdate, serials: Array.from(entries, ({ serial }) => serial) };
    const thread = Object.assign(new EventEmitter(), { terminate: async () => 0 });
    queueMicrotask(() => thread.emit("message", reading));
    return thread;
  },
};
