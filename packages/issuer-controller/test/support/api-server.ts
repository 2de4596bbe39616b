import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isDeepStrictEqual } from "node:util";
import {
  apiVersionOf,
  formatTime,
  KubeClient,
  type KubeConnection,
  type KubeObject,
  type ObjectRef,
  type ResourceType,
} from "@capstan/kube";
import { Watchers } from "./watchers.ts";

/** An object of any kind, as it is stored. */
export interface Stored extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
  readonly data?: Readonly<Record<string, string>>;
}

/** A request as it came over the wire. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly accept: string;
  readonly body: Stored | undefined;
}

/** What happens instead of, or beside, the ordinary answer. */
export type Fault =
  /** The server refuses and does nothing. */
  | { readonly refuse: number; readonly reason: string; readonly retryAfterSeconds?: number }
  /** The server answers with success and this, and does nothing. */
  | { readonly answer: object }
  /** The server does it, and the connection breaks before the answer. */
  | "lose the answer"
  /** The connection breaks before anything is done. */
  | "lose the request"
  /** Somebody else was faster: this happens first, then the request is handled as usual. */
  | ((server: ApiServer) => void);

interface Trap {
  readonly method: string;
  readonly path: RegExp;
  readonly fault: Fault;
}

interface Refusal {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
}

/** Why a kind's CRD would refuse a change; undefined when it would not. */
type Rule = (before: Stored, after: Stored) => string | undefined;

const timeOf = (value: unknown): number => (typeof value === "string" ? Date.parse(value) : Number.NaN);

/** The rules of GenerationMark, of which this project's controllers depend on the refusal. */
const markRule: Rule = (before, after) => {
  const [old, next] = [String(before.spec?.["notAfter"]), String(after.spec?.["notAfter"])];
  if (Date.parse(next) < Date.parse(old)) return "a mark never falls";
  const isSealed = ({ status }: Stored): boolean => status?.["sealed"] === true;
  if (isSealed(before) && next !== old) return "a sealed mark is raised no more";
  const [general, nextGeneral] = [before, after].map(({ spec }) => spec?.["generalNotAfter"]);
  if (general !== undefined && !(timeOf(nextGeneral) >= timeOf(general)))
    return "a mark never falls, nor does what it says of profile General";
  if (isSealed(before) && nextGeneral !== general)
    return "a sealed mark is raised no more, nor is what it says of profile General";
  if (nextGeneral !== undefined && timeOf(nextGeneral) > Date.parse(next))
    return "no leaf of profile General ends after every leaf";
  if (isSealed(before) && !isSealed(after)) return "a sealed mark is never unsealed";
  const [gaveUp, givesUp] = [before, after].map(({ status }) => status?.["abandons"]);
  if (gaveUp !== undefined && !(Number(givesUp) >= Number(gaveUp)))
    return "what was given up under a mark stays recorded";
  return isSealed(after) && givesUp !== gaveUp ? "a mark that is sealed gives up nothing" : undefined;
};

const rules: Readonly<Record<string, Rule>> = { generationmarks: markRule };

/**
 * Kubernetes' API on a real socket, as far as these controllers use it: objects in memory with uid, resourceVersion and
 * generation; 404, 409 and 422; a status subresource; field ownership of server-side apply; and faults that a test sets.
 * Lists and watches, too; schemas and admission are the real API server's, in test/e2e.
 */
export class ApiServer implements AsyncDisposable {
  readonly calls: Call[] = [];
  readonly client: KubeClient;
  readonly connection: KubeConnection;
  /** Who its client is. */
  readonly username = "system:serviceaccount:capstan-system:test";
  /** What reviews allow: "user verb resource.group namespace/name". */
  readonly rights: Set<string> = new Set();
  /** Its clock, as the Date header of answers tells it. Left out: the system's. */
  now: (() => Date) | undefined;
  readonly #server: Server;
  readonly #objects = new Map<string, Stored>();
  /** Of each object and field manager: what it applied to status last. */
  readonly #applied = new Map<string, Readonly<Record<string, unknown>>>();
  readonly #traps: Trap[] = [];
  readonly #watchers = new Watchers();
  #revision = 0;

  private constructor(server: Server) {
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    this.connection = {
      server: `http://127.0.0.1:${port}`,
      namespace: undefined,
      proxyUrl: undefined,
      credentials: () => Promise.resolve({ headers: {}, tls: {} }),
      refuse: () => undefined,
    };
    // Client and server share a thread, so an answer that is late tells of a busy machine alone.
    this.client = new KubeClient(this.connection, {
      userAgent: "test",
      retryAfterBudgetMs: 0,
      requestTimeoutMs: 120_000,
    });
    server.on("request", (request, response) => {
      void this.#receive(request, response);
    });
  }

  static async start(): Promise<ApiServer> {
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    return new ApiServer(server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  /** Stores an object as it is, status included, and returns what a read would. */
  put<T extends KubeObject>(type: ResourceType, object: T): T {
    const path = pathOf(type, object.metadata);
    const { uid = randomUUID(), generation = 1 } = object.metadata;
    const resourceVersion = this.#nextRevision();
    this.#set(path, { ...object, metadata: { ...object.metadata, uid, generation, resourceVersion } });
    return structuredClone(this.#objects.get(path)) as unknown as T;
  }

  /** What is stored, or undefined. */
  read(type: ResourceType, ref: ObjectRef): unknown {
    return structuredClone(this.#objects.get(pathOf(type, ref)));
  }

  /** Everything of a kind. */
  all(type: ResourceType): readonly unknown[] {
    const apiVersion = apiVersionOf(type);
    const found = [...this.#objects.values()].filter(
      (object) => object.kind === type.kind && object.apiVersion === apiVersion,
    );
    return structuredClone(found);
  }

  /** Everything that is stored, as a backup of etcd has it. */
  snapshot(): ReadonlyMap<string, Stored> {
    return structuredClone(this.#objects);
  }

  /** What a backup had, and nothing that came after it; revisions go on. */
  restore(snapshot: ReadonlyMap<string, Stored>): void {
    this.#objects.clear();
    for (const [path, object] of structuredClone(snapshot)) {
      this.#objects.set(path, { ...object, metadata: { ...object.metadata, resourceVersion: this.#nextRevision() } });
    }
  }

  remove(type: ResourceType, ref: ObjectRef): void {
    const path = pathOf(type, ref);
    const object = this.#objects.get(path);
    if (object === undefined) return;
    this.#objects.delete(path);
    const resourceVersion = this.#nextRevision();
    const last = { ...object, metadata: { ...object.metadata, resourceVersion } };
    this.#watchers.add({ revision: this.#revision, path, type: "DELETED", object: last });
  }

  #set(path: string, object: Stored): void {
    const type = this.#objects.has(path) ? "MODIFIED" : "ADDED";
    this.#objects.set(path, object);
    this.#watchers.add({ revision: this.#revision, path, type, object });
  }

  /** The next request that fits meets the fault; those after it are answered as usual. */
  next(method: string, path: RegExp, fault: Fault): void {
    this.#traps.push({ method, path, fault });
  }

  /** Requests so far by method, with those of reads left out. */
  get writes(): readonly string[] {
    return this.calls.filter(({ method }) => method !== "GET").map(({ method, path }) => `${method} ${path}`);
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk as Uint8Array);
    const text = Buffer.concat(chunks).toString("utf8");
    const url = new URL(request.url ?? "/", "http://server");
    const body = text === "" ? undefined : (JSON.parse(text) as Stored);
    const { accept = "" } = request.headers;
    const call: Call = { method: request.method ?? "", path: url.pathname, query: url.searchParams, accept, body };
    this.calls.push(call);
    const at = this.#traps.findIndex(({ method, path }) => method === call.method && path.test(call.path));
    const fault = at < 0 ? undefined : this.#traps.splice(at, 1)[0]?.fault;
    if (typeof fault === "object" && "answer" in fault) {
      response.writeHead(201, { "content-type": "application/json" });
      response.end(JSON.stringify(fault.answer));
      return;
    }
    if (typeof fault === "object") {
      const { refuse: code, reason, retryAfterSeconds } = fault;
      const details = retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } };
      send(response, { ...refusal(code, reason, `the test says ${reason}`), ...details });
      return;
    }
    if (typeof fault === "function") fault(this);
    if (url.searchParams.get("watch") === "true") {
      this.#watchers.open(
        (at, object) => isIn(url.pathname, at) && isSelected(object, url.searchParams),
        Number(url.searchParams.get("resourceVersion")),
        response,
      );
      return;
    }
    const answer = fault === "lose the request" ? undefined : this.#answer(call);
    if (answer === undefined || fault === "lose the answer") response.destroy();
    else {
      if (this.now !== undefined) response.setHeader("date", this.now().toUTCString());
      send(response, answer);
    }
  }

  #answer(call: Call): Stored | Refusal | { readonly items: readonly Stored[] } {
    const { method, path, query, accept, body } = call;
    const [objectPath, subresource] = path.endsWith("/status") ? [path.slice(0, -"/status".length), "status"] : [path];
    const stored = this.#objects.get(objectPath);
    if (method === "GET")
      return stored ?? this.#list(path, query, accept) ?? refusal(404, "NotFound", `${path} not found`);
    if (body === undefined) return refusal(400, "BadRequest", "there is no body");
    if (path.endsWith("/subjectaccessreviews")) return this.#review(body);
    if (path.endsWith("/selfsubjectreviews")) return { ...body, status: { userInfo: { username: this.username } } };
    if (method === "POST" && path.endsWith("/eviction")) return this.#evict(path.slice(0, -"/eviction".length), body);
    if (method === "POST") return this.#create(path, body);
    if (stored === undefined) return refusal(404, "NotFound", `${objectPath} not found`);
    if (method === "DELETE") return this.#delete(objectPath, stored, body);
    // A merge patch, of an event say, has no metadata.
    const asked = (body as Partial<Stored>).metadata?.resourceVersion;
    if (asked !== undefined && asked !== stored.metadata.resourceVersion) {
      return refusal(409, "Conflict", "the object has been modified");
    }
    if (method === "PUT") return this.#write(objectPath, stored, { ...body, ...pick(stored, "status") });
    if (method === "PATCH" && subresource === "status") {
      const manager = query.get("fieldManager") ?? "";
      return this.#write(objectPath, stored, {
        ...stored,
        status: this.#applyStatus(objectPath, manager, stored, body),
      });
    }
    return refusal(405, "MethodNotAllowed", `${method} is not served here`);
  }

  #review(body: Stored): Stored {
    const { user, resourceAttributes: of } = body.spec as {
      readonly user: string;
      readonly resourceAttributes: Readonly<Record<string, string>>;
    };
    const right = `${user} ${of["verb"]} ${of["resource"]}.${of["group"]} ${of["namespace"]}/${of["name"]}`;
    return { ...body, status: { allowed: this.rights.has(right) } };
  }

  #create(collection: string, body: Stored): Stored | Refusal {
    const path = `${collection}/${body.metadata.name}`;
    if (this.#objects.has(path)) return refusal(409, "AlreadyExists", `${path} already exists`);
    const { status: _ignored, ...object } = body;
    const metadata = {
      ...body.metadata,
      uid: randomUUID(),
      generation: 1,
      resourceVersion: this.#nextRevision(),
      creationTimestamp: this.now === undefined ? "2026-11-22T03:00:00Z" : formatTime(this.now().getTime()),
    };
    const created = { ...object, metadata };
    this.#set(path, created);
    return created;
  }

  /** Deletes the pod, on the conditions that its DeleteOptions name. */
  #evict(path: string, body: Stored): Stored | Refusal {
    const pod = this.#objects.get(path);
    if (pod === undefined) return refusal(404, "NotFound", `${path} not found`);
    return this.#delete(path, pod, (body as { readonly deleteOptions?: unknown }).deleteOptions);
  }

  #delete(path: string, stored: Stored, options: unknown): Stored | Refusal {
    const { uid, resourceVersion } =
      (options as { readonly preconditions?: Readonly<Record<string, string>> } | undefined)?.preconditions ?? {};
    const { metadata } = stored;
    if (
      (uid ?? metadata.uid) !== metadata.uid ||
      (resourceVersion ?? metadata.resourceVersion) !== metadata.resourceVersion
    )
      return refusal(409, "Conflict", "the preconditions do not hold");
    this.#objects.delete(path);
    return stored;
  }

  #write(path: string, before: Stored, after: Stored): Stored | Refusal {
    const { uid = "", generation = 1 } = before.metadata;
    const isSpecSame = isDeepStrictEqual(before.spec, after.spec);
    const metadata = {
      ...before.metadata,
      ...after.metadata,
      uid,
      generation: isSpecSame ? generation : generation + 1,
    };
    const next: Stored = {
      ...after,
      metadata: { ...metadata, resourceVersion: before.metadata.resourceVersion ?? "" },
    };
    const { deletionTimestamp, finalizers = [] } = next.metadata;
    if (deletionTimestamp !== undefined && finalizers.length === 0) {
      this.#objects.delete(path);
      return next;
    }
    const broken = rules[path.split("/").at(-2) ?? ""]?.(before, next);
    if (broken !== undefined) return refusal(422, "Invalid", broken);
    if (isDeepStrictEqual(before, next)) return before;
    const written = { ...next, metadata: { ...next.metadata, resourceVersion: this.#nextRevision() } };
    this.#set(path, written);
    return written;
  }

  /** A manager owns the fields, and of conditions the types, that it applied last: what it leaves out now goes. */
  #applyStatus(path: string, manager: string, stored: Stored, body: Stored): Readonly<Record<string, unknown>> {
    const id = `${manager} ${path}`;
    const owned = this.#applied.get(id) ?? {};
    const applied = body.status ?? {};
    this.#applied.set(id, applied);
    const kept = Object.entries(stored.status ?? {}).filter(([field]) => !(field in owned) || field === "conditions");
    const status: Record<string, unknown> = { ...Object.fromEntries(kept), ...applied };
    const [before, mine, next] = [stored.status, owned, applied].map(conditionsOf);
    const others = (before ?? []).filter(
      ({ type }) => ![...(mine ?? []), ...(next ?? [])].some((one) => one.type === type),
    );
    const conditions = [...others, ...(next ?? [])];
    if (conditions.length > 0) status["conditions"] = conditions;
    else delete status["conditions"];
    return status;
  }

  #list(path: string, query: URLSearchParams, accept: string): { readonly items: readonly Stored[] } | undefined {
    const isCollection = /^\/api(s\/[^/]+)?\/[^/]+\/(namespaces\/[^/]+\/)?[^/]+$/.test(path);
    if (!isCollection) return undefined;
    const all = [...this.#objects]
      .filter(([key, object]) => isIn(path, key) && isSelected(object, query))
      .map(([, object]) => object);
    const from = Number(query.get("continue") ?? 0);
    const page = all.slice(from, from + Number(query.get("limit") ?? all.length));
    const end = from + page.length;
    const more = end < all.length ? { continue: String(end), remainingItemCount: all.length - end } : {};
    const list = { metadata: { resourceVersion: String(this.#revision), ...more } };
    if (!accept.includes("as=PartialObjectMetadataList")) return { items: page, ...list };
    const [apiVersion, kind] = ["meta.k8s.io/v1", "PartialObjectMetadata"];
    const items = page.map(({ metadata }) => ({ apiVersion, kind, metadata }));
    // As the API server writes it: no items are null here, and nowhere else.
    const answer = { kind: "PartialObjectMetadataList", items: items.length === 0 ? null : items, ...list };
    return answer as unknown as { readonly items: readonly Stored[] };
  }

  #nextRevision(): string {
    this.#revision += 1;
    return String(this.#revision);
  }
}

/** Whether the object at this path belongs to the collection: of its namespace, or of all. */
function isIn(collection: string, path: string): boolean {
  const own = path.slice(0, path.lastIndexOf("/"));
  return own === collection || own.replace(/\/namespaces\/[^/]+(?=\/[^/]+$)/, "") === collection;
}

function isSelected(object: Stored, query: URLSearchParams): boolean {
  const selectors = (query.get("fieldSelector") ?? "").split(",").filter((one) => one !== "");
  // Commas between requirements, not those within the parentheses of one.
  const requirements = (query.get("labelSelector") ?? "").split(/,(?![^(]*\))/).filter((one) => one !== "");
  return (
    selectors.every((selector) => fits(object, selector)) &&
    requirements.every((requirement) => meets(object.metadata.labels ?? {}, requirement))
  );
}

/** One requirement of a label selector, of the kinds that the controllers use. */
function meets(labels: Readonly<Record<string, string>>, requirement: string): boolean {
  const [, absent = "", , key = "", value, end, values] =
    /^(?:!(.+)|(([^=<! ]+)(?:=(.*)|<([0-9]+)| in \((.*)\))))$/.exec(requirement) ?? [];
  if (absent !== "") return labels[absent] === undefined;
  const label = labels[key];
  if (end !== undefined) return label !== undefined && /^[0-9]+$/.test(label) && Number(label) < Number(end);
  if (value === undefined && values === undefined) throw new TypeError(`${requirement}: no such requirement here`);
  return (values?.split(",") ?? [value]).includes(label);
}

function fits(object: Stored, selector: string): boolean {
  const [path = "", value = ""] = selector.split(/!?=/);
  const found = path
    .split(".")
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], object);
  // As the API server has it: a field that is not there is empty.
  return ((found ?? "") === value) !== selector.includes("!=");
}

function conditionsOf(status: Stored["status"]): readonly { readonly type: string }[] {
  return (status?.["conditions"] ?? []) as readonly { readonly type: string }[];
}

function pick(object: Stored, field: "status"): Partial<Stored> {
  return object[field] === undefined ? {} : { [field]: object[field] };
}

function refusal(code: number, reason: string, message: string): Refusal {
  return { code, reason, message };
}

function send(response: ServerResponse, answer: object): void {
  const isRefusal = "code" in answer && typeof answer.code === "number";
  const body = isRefusal ? { kind: "Status", apiVersion: "v1", status: "Failure", ...answer } : answer;
  response.writeHead(isRefusal ? (answer.code as number) : 200, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

function pathOf(type: ResourceType, { name, namespace }: ObjectRef): string {
  const group = type.group === "" ? `/api/${type.version}` : `/apis/${apiVersionOf(type)}`;
  return `${group}${type.namespaced ? `/namespaces/${namespace ?? ""}` : ""}/${type.plural}/${name}`;
}
