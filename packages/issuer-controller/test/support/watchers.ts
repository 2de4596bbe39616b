import type { ServerResponse } from "node:http";
import type { Stored } from "./api-server.ts";

interface Change {
  readonly revision: number;
  readonly path: string;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: Stored;
}

interface Watcher {
  readonly selects: (path: string, object: Stored) => boolean;
  readonly response: ServerResponse;
}

/** The watch half of an API server: every change since a revision, and then each as it happens. */
export class Watchers {
  readonly #history: Change[] = [];
  readonly #watchers = new Set<Watcher>();

  /** Streams changes after a revision until the client hangs up. */
  open(selects: Watcher["selects"], since: number, response: ServerResponse): void {
    const watcher = { selects, response };
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    for (const change of this.#history) if (change.revision > since) tell(watcher, change);
    this.#watchers.add(watcher);
    response.once("close", () => this.#watchers.delete(watcher));
  }

  add(change: Change): void {
    this.#history.push(change);
    for (const watcher of this.#watchers) tell(watcher, change);
  }
}

function tell({ selects, response }: Watcher, { path, type, object }: Change): void {
  if (selects(path, object)) response.write(`${JSON.stringify({ type, object })}\n`);
}
