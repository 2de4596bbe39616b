import { type Dispatcher, request } from "undici";
import { KubeConnectionError } from "./kube-error.ts";

export interface HttpCall {
  readonly method: Dispatcher.HttpMethod;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly dispatcher: Dispatcher;
  /** Until the headers for a stream, until the end of the body otherwise. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Of the answer's body. Left out: any number. Says nothing of a stream. */
  readonly maxBytes?: number | undefined;
  /** Method and path, for errors. */
  readonly label: string;
}

export interface HttpAnswer {
  readonly code: number;
  readonly retryAfter: string | undefined;
  /** The Date header. */
  readonly date: string | undefined;
  readonly body: string;
}

export interface HttpStream {
  readonly code: number;
  readonly retryAfter: string | undefined;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** One request, its whole answer read. Throws {@link KubeConnectionError}, or the signal's reason once that has aborted. */
export async function callHttp(call: HttpCall): Promise<HttpAnswer> {
  return limited(call, async (signal) => {
    const response = await send(call, signal);
    const { statusCode: code, body } = response;
    return {
      code,
      retryAfter: headerOf(response, "retry-after"),
      date: headerOf(response, "date"),
      body: call.maxBytes === undefined ? await body.text() : await readWithin(call, call.maxBytes, body),
    };
  });
}

async function readWithin(call: HttpCall, maxBytes: number, body: Dispatcher.ResponseData["body"]): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    // Ends the iteration, and with it the connection: what is still to come is never held.
    if (length > maxBytes) {
      throw new KubeConnectionError("ERR_KUBE_ANSWER_SIZE", `${call.label}: the answer is over ${maxBytes} bytes long`);
    }
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** One request whose body is read as it comes; ending the iteration early, or the signal, closes the connection. */
export async function openHttpStream(call: HttpCall): Promise<HttpStream> {
  const stream = new AbortController();
  const abort = (): void => {
    stream.abort(call.signal?.reason);
  };
  call.signal?.addEventListener("abort", abort, { once: true });
  try {
    const response = await limited(call, async (signal) => {
      const cut = (): void => {
        stream.abort(signal.reason);
      };
      signal.addEventListener("abort", cut, { once: true });
      try {
        return await send(call, stream.signal);
      } finally {
        signal.removeEventListener("abort", cut);
      }
    });
    const { body } = response;
    body.once("close", () => call.signal?.removeEventListener("abort", abort));
    return { code: response.statusCode, retryAfter: headerOf(response, "retry-after"), chunks: chunksOf(call, body) };
  } catch (error) {
    call.signal?.removeEventListener("abort", abort);
    throw error;
  }
}

async function* chunksOf(call: HttpCall, body: Dispatcher.ResponseData["body"]): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body) yield chunk as Uint8Array;
  } catch (cause) {
    throw connectionError(call, cause);
  }
}

function send(call: HttpCall, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
  const { method, url, headers, body, dispatcher } = call;
  return request(url, { method, headers, body: body ?? null, dispatcher, signal });
}

/** Runs the work under a signal that aborts with the caller's or at the time limit, and leaves no timer or listener behind. */
async function limited<T>(call: HttpCall, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  call.signal?.throwIfAborted();
  const limit = new AbortController();
  const abort = (): void => {
    limit.abort(call.signal?.reason);
  };
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    limit.abort();
  }, call.timeoutMs);
  call.signal?.addEventListener("abort", abort, { once: true });
  try {
    return await work(limit.signal);
  } catch (cause) {
    if (isLate) throw new KubeConnectionError("ERR_KUBE_TIMEOUT", `${call.label}: no answer in ${call.timeoutMs} ms`);
    throw connectionError(call, cause);
  } finally {
    clearTimeout(timer);
    call.signal?.removeEventListener("abort", abort);
  }
}

function connectionError(call: HttpCall, cause: unknown): unknown {
  if (call.signal?.aborted === true) return call.signal.reason;
  if (cause instanceof KubeConnectionError) return cause;
  const { code, message } = describe(cause);
  return new KubeConnectionError("ERR_KUBE_CONNECTION", `${call.label}: ${code ?? message}`, { cause });
}

/** An AggregateError of a host with several addresses has its say in the first of its errors. */
function describe(cause: unknown): { readonly code: string | undefined; readonly message: string } {
  const first = cause instanceof AggregateError ? (cause.errors[0] as unknown) : cause;
  if (!(first instanceof Error)) return { code: undefined, message: "unknown failure" };
  const { code } = first as { code?: unknown };
  return { code: typeof code === "string" ? code : undefined, message: first.message };
}

function headerOf(response: Dispatcher.ResponseData, name: string): string | undefined {
  const value = response.headers[name];
  return typeof value === "string" ? value : undefined;
}
