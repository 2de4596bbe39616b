import type { Clock } from "./clock.ts";
import { RolesAnywhereError } from "./errors.ts";
import { exchange, type HttpAnswer } from "./exchange.ts";
import { mapAnswer, mapFailure, withoutSecrets } from "./map-error.ts";
import { type Pacer, untilAborted } from "./pacer.ts";
import { redactMessage } from "./redact.ts";
import type { RequestHandler } from "./request-handler.ts";

/** The part of a logger that is used; pino's fits. */
export interface CallLog {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** A time that AWS named. */
export interface ServerDate {
  /** By the Date header of an answer, milliseconds since 1970; AWS gives whole seconds. */
  readonly at: number;
  /** By our own clock, when the answer's headers were here; milliseconds since 1970. */
  readonly received: number;
}

/** What all calls have in common. */
export interface CallOptions {
  /** Default is one of its own: direct, with Node's CAs. */
  readonly requestHandler?: RequestHandler;
  /**
   * From a call's turn until its whole answer is here, credentials included. A function is asked at the call's turn, for
   * example for what is left of a lease; when it says 0 or less nothing is sent. Default is 30,000 (30 seconds).
   */
  readonly requestTimeoutMs?: number | (() => number);
  /** By which requests are signed and credentials end. Default is the system's. */
  readonly now?: () => Date;
  /** Called with the Date header of every answer, errors included. Whoever needs a second clock listens here. */
  readonly onServerDate?: (reading: ServerDate) => void;
  /** Called with AWS's own id of every answer that has one, errors included: support and CloudTrail know a call by it. */
  readonly onRequestId?: (requestId: string) => void;
  /**
   * Called when a request is signed and its connection stands, right before its first byte leaves. What it throws is what the call
   * rejects with, and nothing was sent: the place to check that a lease is still held.
   */
  readonly beforeSend?: () => void;
  /** One debug line per answered request. Failures are thrown, and logged by whoever handles them. */
  readonly log?: CallLog;
}

/** What `beforeSend` threw, on its way out. */
class NotSent extends Error {
  readonly reason: unknown;
  constructor(reason: unknown) {
    super("not sent");
    this.reason = reason;
  }
}

/** A request as it leaves. */
export interface SignedRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends a request that is signed, and returns the answer. */
export type Carry = (request: SignedRequest) => Promise<HttpAnswer>;

/** Makes one request: paced, bounded in time, and never repeated; every failure is a `RolesAnywhereError`. Returns the parsed JSON. */
export async function call(input: {
  readonly operation: string;
  /** Writes and signs the request, and has it carried; called at the request's turn. */
  readonly request: (carry: Carry) => Promise<HttpAnswer>;
  readonly pacer: Pacer;
  readonly clock: Clock;
  readonly options: Required<Pick<CallOptions, "requestHandler" | "requestTimeoutMs" | "now">> & CallOptions;
  readonly signal: AbortSignal | undefined;
}): Promise<unknown> {
  const { operation, request, pacer, clock, options, signal } = input;
  const { requestHandler, requestTimeoutMs, now, onServerDate, onRequestId, beforeSend, log } = options;
  let host = "";
  const send = (abort: AbortSignal): Promise<HttpAnswer> =>
    request(async ({ method, url, headers: signed, body }) => {
      const headers = { ...signed, "user-agent": "capstan-rolesanywhere", accept: "application/json" };
      ({ host } = url);
      const answer = await exchange({ requestHandler, url, method, headers, body, beforeSend: check, signal: abort });
      const at = Date.parse(String(answer.headers["date"]));
      if (!Number.isNaN(at)) onServerDate?.({ at, received: now().getTime() });
      const requestId = answer.headers["x-amzn-requestid"];
      if (typeof requestId === "string") onRequestId?.(redactMessage(requestId));
      return isSuccess(answer) ? answer : withoutSecrets(answer, headers);
    });
  const check = (): void => {
    try {
      beforeSend?.();
    } catch (error) {
      throw new NotSent(error);
    }
  };
  return pacer.run(async () => {
    const startedAtMs = clock.now();
    const timeoutMs = typeof requestTimeoutMs === "function" ? requestTimeoutMs() : requestTimeoutMs;
    try {
      const body = readAnswer(operation, await inTime(operation, timeoutMs, signal, send));
      log?.debug({ operation, host, durationMs: Math.round(clock.now() - startedAtMs) }, "AWS answered");
      return body;
    } catch (thrown) {
      if (thrown instanceof NotSent) throw thrown.reason;
      throw mapFailure(operation, thrown);
    }
  }, signal);
}

function isSuccess({ status }: HttpAnswer): boolean {
  return status >= 200 && status < 300;
}

function readAnswer(operation: string, answer: HttpAnswer): unknown {
  if (!isSuccess(answer)) throw mapAnswer(operation, answer);
  try {
    return JSON.parse(answer.body);
  } catch {
    throw mapAnswer(operation, answer);
  }
}

/** Real time, not the injected clock: what is bounded are sockets. */
async function inTime<T>(
  operation: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  send: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (!(timeoutMs > 0)) {
    throw new RolesAnywhereError("ERR_AWS_UNAVAILABLE", `${operation}: not sent, since no time is left for an answer`, {
      operation,
    });
  }
  const deadline = new AbortController();
  const timer = setTimeout(() => {
    deadline.abort(
      new RolesAnywhereError("ERR_AWS_UNAVAILABLE", `${operation}: no answer within ${timeoutMs} ms`, { operation }),
    );
  }, timeoutMs);
  const either = signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal]);
  try {
    // A hanging credential source does not listen to the signal, hence the race.
    return await untilAborted(send(either), either);
  } catch (error) {
    throw deadline.signal.aborted ? deadline.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}
