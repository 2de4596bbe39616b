import { type KubeClient, type KubeObject, type Logger, Reflector, type ResourceType } from "@capstan/kube";

/** What both CertificateRequests and Certificates have. */
export interface WatchedObject extends KubeObject {
  readonly spec?: unknown;
  readonly status?: {
    readonly certificate?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
  };
}

/** So long without news, and nothing more is to come. */
const stallMs = 180_000;
const pollMs = 20;

/** Watches all objects of a kind in a namespace and remembers when each became Ready, by `performance.now()`. */
export class Watched {
  readonly #reflector: Reflector<WatchedObject>;
  readonly #readyAt = new Map<string, number>();
  readonly #arrivals = new Set<(object: WatchedObject) => void>();
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  #lastNews = performance.now();

  constructor(options: {
    readonly client: KubeClient;
    readonly type: ResourceType;
    readonly namespace: string;
    readonly log: Logger;
  }) {
    this.#reflector = new Reflector<WatchedObject>(options);
    this.#reflector.onChange((_key, { current, previous }) => {
      this.#lastNews = performance.now();
      if (previous === undefined && current !== undefined) for (const tell of this.#arrivals) tell(current);
      if (current === undefined) this.#readyAt.delete(previous?.metadata.name ?? "");
      else if (isReady(current) && !this.#readyAt.has(current.metadata.name)) {
        this.#readyAt.set(current.metadata.name, this.#lastNews);
      }
    });
    this.#ended = this.#reflector.run(this.#stop.signal);
  }

  list(): readonly WatchedObject[] {
    return this.#reflector.store.list();
  }

  /** When it became Ready. @throws Error when it is not */
  readyAt(name: string): number {
    const at = this.#readyAt.get(name);
    if (at === undefined) throw new Error(`${name} is not Ready`);
    return at;
  }

  /** Tells of each object that comes, until the returned function is called. */
  onArrival(tell: (object: WatchedObject) => void): () => void {
    this.#arrivals.add(tell);
    return () => this.#arrivals.delete(tell);
  }

  /** Resolves when so many are there, and with `ready` when so many are Ready. @throws Error when nothing happens for too long */
  async count(number: number, is: "there" | "ready"): Promise<void> {
    this.#lastNews = performance.now();
    const { store } = this.#reflector;
    for (;;) {
      if (store.size === number && (is === "there" || this.#readyAt.size === number)) return;
      if (performance.now() - this.#lastNews > stallMs) {
        const waiting = store.list().find((object) => !isReady(object));
        const said = waiting?.status?.conditions?.map(
          ({ type, status, message }) => `${type}=${status}: ${message ?? ""}`,
        );
        throw new Error(
          `${this.#readyAt.size} of ${store.size} are Ready, ${number} were to be ${is}; ${waiting?.metadata.name ?? ""} says ${said?.join("; ") ?? "nothing"}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }
}

function isReady({ status }: WatchedObject): boolean {
  return status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}
