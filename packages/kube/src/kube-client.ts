import { type Clock, sleep, systemClock } from "./clock.ts";
import { SharedDispatcher } from "./dispatcher.ts";
import { callHttp, openHttpStream } from "./http-call.ts";
import type { KubeConnection } from "./kube-connection.ts";
import { apiErrorFrom, isNotFound, KubeConnectionError } from "./kube-error.ts";
import type { KubeObject, NewObject } from "./kube-object.ts";
import type { RuntimeMetrics } from "./metrics.ts";
import { apiVersionOf, collectionPath, type ObjectRef, objectPath, type ResourceType } from "./resource-type.ts";

export interface KubeClientOptions {
  /** As the audit log shows it, like "capstan-issuer-controller/0.1.0". */
  readonly userAgent: string;
  /** For one attempt, answer included. Default 10 s. */
  readonly requestTimeoutMs?: number;
  /** How long one call may wait, in sum, when the server says 429 or 503 with Retry-After. Default 10 s; 0 passes such answers on. */
  readonly retryAfterBudgetMs?: number;
  readonly metrics?: RuntimeMetrics | undefined;
  readonly clock?: Clock;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ListOptions extends CallOptions {
  /** Leave out for all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Objects per answer. */
  readonly limit?: number | undefined;
  /** Token of the page before. */
  readonly continue?: string | undefined;
  /** An answer of more bytes is not read to its end: ERR_KUBE_ANSWER_SIZE. Default: any number. */
  readonly maxBytes?: number | undefined;
}

export interface ListPage<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** Token of the next page; undefined on the last. */
  readonly continue: string | undefined;
}

export interface WriteOptions extends CallOptions {
  readonly subresource?: string | undefined;
}

export interface ApplyOptions extends WriteOptions {
  /** Constant per controller: what this manager sent before and leaves out now is removed. */
  readonly fieldManager: string;
  /** Take over fields of other managers instead of failing with 409. Default false. */
  readonly force?: boolean;
  /** Ask for an answer without spec and status, when nobody reads it: the server then neither writes nor sends them. Default false. */
  readonly metadataOnly?: boolean;
}

export interface DeleteOptions extends CallOptions {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

export interface RawRequest extends CallOptions {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** From the server's root: "/apis/authorization.k8s.io/v1/subjectaccessreviews". */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Default: application/json. Demanded for a PATCH, which has several. */
  readonly contentType?: string;
  readonly accept?: string;
  /** An answer of more bytes is not read to its end: ERR_KUBE_ANSWER_SIZE. Default: any number. */
  readonly maxBytes?: number | undefined;
  /** Instead of the client's own. */
  readonly retryAfterBudgetMs?: number;
}

// Enough for a loaded API server to prime its watch cache.
const streamOpenTimeoutMs = 30_000;

/**
 * Calls the Kubernetes API with raw JSON in and out.
 *
 * Every call ends within its timeouts, and throws {@link KubeApiError} when the server refused or {@link KubeConnectionError} when
 * no usable answer came (then a write may have happened: see `isOutcomeUnknown`), or the reason of `signal` once that has aborted.
 * Only 429 and 503 with Retry-After are repeated here: the server did not begin them.
 */
export class KubeClient {
  readonly #connection: KubeConnection;
  readonly #dispatcher: SharedDispatcher;
  readonly #userAgent: string;
  readonly #requestTimeoutMs: number;
  readonly #retryAfterBudgetMs: number;
  readonly #metrics: RuntimeMetrics | undefined;
  readonly #clock: Clock;
  #serverDate: { readonly date: number; readonly at: number } | undefined;

  constructor(connection: KubeConnection, options: KubeClientOptions) {
    this.#connection = connection;
    this.#dispatcher = new SharedDispatcher(connection.proxyUrl);
    this.#userAgent = options.userAgent;
    this.#requestTimeoutMs = options.requestTimeoutMs ?? 10_000;
    this.#retryAfterBudgetMs = options.retryAfterBudgetMs ?? 10_000;
    this.#metrics = options.metrics;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * The server's clock, in milliseconds since 1970: the Date header of the last answer (RFC 9110, 6.6.1; whole seconds) and
   * what has passed since then. Undefined before the first answer, and when none came for `maxAgeMs`.
   */
  serverNow(maxAgeMs: number): number | undefined {
    if (this.#serverDate === undefined) return undefined;
    const { date, at } = this.#serverDate;
    const ageMs = this.#clock.monotonic() - at;
    return ageMs <= maxAgeMs ? date + ageMs : undefined;
  }

  /** Live read from etcd's quorum. 404 throws: see {@link getOrUndefined}. */
  get<T extends KubeObject>(type: ResourceType, ref: ObjectRef, options: CallOptions = {}): Promise<T> {
    return this.request<T>({ method: "GET", path: objectPath(type, ref), ...options });
  }

  async getOrUndefined<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    options: CallOptions = {},
  ): Promise<T | undefined> {
    try {
      return await this.get<T>(type, ref, options);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** One page. Items have apiVersion and kind, which the server leaves out of lists of built-in kinds. */
  async list<T extends KubeObject>(type: ResourceType, options: ListOptions = {}): Promise<ListPage<T>> {
    const { namespace, signal, labelSelector, fieldSelector, limit, maxBytes } = options;
    const path = collectionPath(type, namespace);
    const query = { labelSelector, fieldSelector, limit, continue: options.continue };
    const answer = await this.request<RawList<T>>({ method: "GET", path, query, signal, maxBytes });
    if (!Array.isArray(answer.items) || typeof answer.metadata?.resourceVersion !== "string") {
      throw new KubeConnectionError("ERR_KUBE_PROTOCOL", `GET ${path}: the answer is not a list`);
    }
    const named = { apiVersion: apiVersionOf(type), kind: type.kind };
    return {
      items: answer.items.map((item) => ({ ...named, ...item })),
      resourceVersion: answer.metadata.resourceVersion,
      continue: answer.metadata.continue === "" ? undefined : answer.metadata.continue,
    };
  }

  /** All pages of one consistent snapshot. 410 when it expired in between (the server keeps it for about five minutes). */
  async listAll<T extends KubeObject>(type: ResourceType, options: ListOptions = {}): Promise<ListPage<T>> {
    const items: T[] = [];
    let token = options.continue;
    for (;;) {
      const page = await this.list<T>(type, { limit: 500, ...options, continue: token });
      items.push(...page.items);
      token = page.continue;
      if (token === undefined) return { items, resourceVersion: page.resourceVersion, continue: undefined };
    }
  }

  /** 409 with reason AlreadyExists when the name is taken: see `isAlreadyExists`. */
  create<T extends KubeObject>(type: ResourceType, object: T | NewObject<T>, options: CallOptions = {}): Promise<T> {
    const { namespace, name, generateName } = object.metadata as NewObject<KubeObject>["metadata"];
    if (type.namespaced && namespace === undefined) {
      throw new TypeError(`create ${type.kind} ${name ?? generateName ?? ""}: metadata.namespace is missing`);
    }
    return this.request<T>({ method: "POST", path: collectionPath(type, namespace), body: object, ...options });
  }

  /** PUT. `metadata.resourceVersion` is demanded, so that nothing unseen is overwritten: 409 when it is no longer the stored one. */
  replace<T extends KubeObject>(type: ResourceType, object: T, options: WriteOptions = {}): Promise<T> {
    const { subresource, signal } = options;
    if (object.metadata.resourceVersion === undefined) {
      throw new TypeError(`replace ${type.kind} ${object.metadata.name}: metadata.resourceVersion is missing`);
    }
    return this.request<T>({
      method: "PUT",
      path: objectPath(type, object.metadata, subresource),
      body: object,
      signal,
    });
  }

  /**
   * Server-side apply: send only the fields you own, all of them, every time. With `metadata.resourceVersion` in the object a
   * change in between is 409; `metadata.uid` guards nothing on custom resources' status. On a subresource a missing object is 404.
   */
  apply<T extends KubeObject>(
    type: ResourceType,
    object: KubeObject & { readonly spec?: unknown; readonly status?: unknown },
    options: ApplyOptions,
  ): Promise<T> {
    const { fieldManager, force, subresource, metadataOnly, signal } = options;
    return this.request<T>({
      method: "PATCH",
      path: objectPath(type, object.metadata, subresource),
      query: { fieldManager, force: force === true ? true : undefined },
      body: object,
      contentType: "application/apply-patch+yaml", // JSON is YAML
      ...(metadataOnly === true ? { accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1" } : {}),
      signal,
    });
  }

  /** With `uid` or `resourceVersion`, 409 when the object is no longer that one. Finalizers may keep it for a while. */
  async delete(type: ResourceType, ref: ObjectRef, options: DeleteOptions = {}): Promise<void> {
    const { uid, resourceVersion, signal } = options;
    const body = { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid, resourceVersion } };
    await this.request({ method: "DELETE", path: objectPath(type, ref), body, signal });
  }

  /** Any other call: reviews, token requests, `as=Table`. The answer is parsed JSON, believed to be a `T`. */
  async request<T = unknown>(raw: RawRequest): Promise<T> {
    const label = `${raw.method} ${raw.path}`;
    if (raw.method === "PATCH" && raw.contentType === undefined) {
      throw new TypeError(`${label}: contentType is missing, like "application/merge-patch+json"`);
    }
    let waitedMs = 0;
    for (;;) {
      const answer = await this.#send(raw, label);
      if (answer.code < 300) return parseJson(answer.body, label) as T;
      const error = apiErrorFrom({ ...answer, request: label });
      const waitMs = error.retryAfterMs;
      const mayRepeat = (error.code === 429 || error.code === 503) && waitMs !== undefined;
      if (!mayRepeat || waitedMs + waitMs > (raw.retryAfterBudgetMs ?? this.#retryAfterBudgetMs)) throw error;
      waitedMs += waitMs;
      await sleep(this.#clock, waitMs, raw.signal ?? never);
      raw.signal?.throwIfAborted();
    }
  }

  /** Opens a watch: bytes as they come, without time limit once the headers are there. For the reflector. */
  async stream(raw: Omit<RawRequest, "method" | "body">): Promise<AsyncIterable<Uint8Array>> {
    const label = `WATCH ${raw.path}`;
    const call = await this.#call({ method: "GET", ...raw }, label, streamOpenTimeoutMs);
    const stream = await this.#counted("WATCH", () => openHttpStream(call));
    if (stream.code < 300) return stream.chunks;
    if (stream.code === 401) this.#connection.refuse();
    const body = await firstKilobytes(stream.chunks);
    throw apiErrorFrom({ code: stream.code, retryAfter: stream.retryAfter, body, request: label });
  }

  /** Breaks running calls and closes every connection. */
  async close(): Promise<void> {
    await this.#dispatcher.close();
  }

  async #send(raw: RawRequest, label: string): ReturnType<typeof callHttp> {
    const call = await this.#call(raw, label, this.#requestTimeoutMs);
    const answer = await this.#counted(raw.method, () => callHttp(call));
    if (answer.code === 401) this.#connection.refuse();
    const date = Date.parse(answer.date ?? "");
    if (!Number.isNaN(date)) this.#serverDate = { date, at: this.#clock.monotonic() };
    return answer;
  }

  async #call(raw: RawRequest, label: string, timeoutMs: number): Promise<Parameters<typeof callHttp>[0]> {
    raw.signal?.throwIfAborted();
    const credentials = await this.#connection.credentials();
    const headers: Record<string, string> = {
      ...credentials.headers,
      "user-agent": this.#userAgent,
      accept: raw.accept ?? "application/json",
    };
    if (raw.body !== undefined) headers["content-type"] = raw.contentType ?? "application/json";
    return {
      method: raw.method,
      url: `${this.#connection.server}${raw.path}${queryOf(raw.query)}`,
      headers,
      body: raw.body === undefined ? undefined : JSON.stringify(raw.body),
      dispatcher: this.#dispatcher.get(credentials.tls),
      timeoutMs,
      signal: raw.signal,
      maxBytes: raw.maxBytes,
      label,
    };
  }

  async #counted<R extends { readonly code: number }>(method: string, send: () => Promise<R>): Promise<R> {
    try {
      const answer = await send();
      this.#metrics?.clientRequests.inc({ code: String(answer.code), method });
      return answer;
    } catch (error) {
      // client-go's word for a request without an answer.
      this.#metrics?.clientRequests.inc({ code: "<error>", method });
      throw error;
    }
  }
}

interface RawList<T> {
  readonly items?: readonly T[];
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
}

const never: AbortSignal = new AbortController().signal;

function queryOf(query: RawRequest["query"]): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}

function parseJson(body: string, label: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new KubeConnectionError("ERR_KUBE_PROTOCOL", `${label}: the answer is not JSON`);
  }
}

async function firstKilobytes(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    length += chunk.length;
    if (length > 64 * 1024) break;
  }
  return Buffer.concat(parts).toString("utf8");
}
