/** When to look at the key again although nothing changed. */
export interface ReconcileResult {
  /** Milliseconds from now. Must be computed anew from state each time: it does not outlive the process. */
  readonly requeueAfterMs?: number | undefined;
}

/**
 * Brings the world a step closer to what the object named by `key` asks for.
 *
 * It is *level-based*: it is told which object to look at and never what happened to it. It reads the present state (from a
 * reflector's store, or live before an act that cannot be undone), compares it with what should be, and acts on the difference.
 * Several changes may reach it as one call, one change as several, and after a start every object comes once. The object may be gone.
 *
 * It is never called for the same key twice at once; different keys run side by side on one event loop, so it must not block.
 *
 * Outcomes:
 * - resolves: done. The key's failures are forgotten; with `requeueAfterMs` it comes again by then, earlier if something changes.
 * - rejects: comes again after a delay that doubles per failure in a row (5 ms up to 1000 s), and not before a Retry-After.
 * - rejects with {@link TerminalError}: trying again cannot help. Comes again only when something changes or at the next resync.
 *
 * `signal` aborts when the process can wait no longer for work in hand, or has lost its lease: start nothing new then.
 */
export type Reconciler = (key: string, signal: AbortSignal) => Promise<ReconcileResult | void>;

/** Trying again without a change cannot help: a malformed object, a missing right. Not for outages. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
  readonly code: string;

  constructor(message: string, options: { readonly code?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code ?? "ERR_TERMINAL";
  }
}
