import { RolesAnywhereClient } from "@aws-sdk/client-rolesanywhere";
import { NodeHttpHandler } from "@smithy/node-http-handler";

import type { Clock } from "./clock.ts";
import { credentialProvider } from "./credentials.ts";
import type { AwsCredentialSource } from "./credentials.ts";
import { RolesAnywhereError } from "./errors.ts";
import { mapError } from "./map-error.ts";
import { untilAborted } from "./pacer.ts";
import type { Pacer } from "./pacer.ts";

/** The part of a logger that is used; pino's fits. */
export interface CallLog {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export interface Call<T> {
  readonly operation: string;
  readonly pacer: Pacer;
  readonly request: (client: RolesAnywhereClient, options: { readonly abortSignal: AbortSignal }) => Promise<T>;
  readonly signal: AbortSignal | undefined;
}

/** Sends one request: paced, bounded in time, with every failure as a `RolesAnywhereError`. */
export type Send = <T>(call: Call<T>) => Promise<T>;

export function createSender(options: {
  readonly region: string;
  readonly endpoint: string | undefined;
  readonly credentials: AwsCredentialSource | undefined;
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
  readonly log: CallLog | undefined;
}): Send {
  const { region, endpoint, credentials, clock, requestTimeoutMs, log } = options;
  // One connection pool, also for the clients that replace the first.
  const requestHandler = new NodeHttpHandler();
  const newClient = (): RolesAnywhereClient =>
    new RolesAnywhereClient({
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      credentials: credentialProvider(credentials, region),
      requestHandler,
      // A repeated request would escape the pacing and double the caller's own retries. This release of the SDK sends
      // two for `maxAttempts: 1`, so its strategy is replaced.
      maxAttempts: 1,
      retryMode: "standard",
      retryStrategy: { mode: "standard", retry: (next, args) => next(args) },
    });
  let client = newClient();

  return async ({ operation, pacer, request, signal }) =>
    pacer.run(async () => {
      const startedAtMs = clock.now();
      try {
        const answer = await inTime(operation, requestTimeoutMs, signal, (abortSignal) =>
          request(client, { abortSignal }),
        );
        log?.debug({ operation, region, durationMs: Math.round(clock.now() - startedAtMs) }, "AWS answered");
        return answer;
      } catch (thrown) {
        const error = mapError(operation, thrown);
        // The SDK keeps credentials without an expiration for good; a new client asks their source again.
        if (error.code === "ERR_AWS_CREDENTIALS_REFUSED") client = newClient();
        throw error;
      }
    }, signal);
}

/** Real time, not the injected clock: what is bounded are sockets. */
async function inTime<T>(
  operation: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const timer = setTimeout(() => {
    deadline.abort(
      new RolesAnywhereError("ERR_AWS_UNAVAILABLE", `${operation}: no answer within ${timeoutMs} ms`, { operation }),
    );
  }, timeoutMs);
  const either = signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal]);
  try {
    // A hanging credential source does not listen to the signal, hence the race.
    return await untilAborted(call(either), either);
  } catch (error) {
    throw deadline.signal.aborted ? deadline.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}
