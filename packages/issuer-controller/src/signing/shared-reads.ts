import {
  type Clock,
  type KubeClient,
  type KubeObject,
  keyOf,
  type ObjectRef,
  resourceName,
  type ResourceType,
  systemClock,
} from "@capstan/kube";

interface Turn {
  readonly sent: Promise<KubeObject | undefined>;
  /** Goes out when `sent` has been answered. */
  next?: Promise<KubeObject | undefined>;
}

/**
 * How long after an answer the next read of the same object is sent, in milliseconds. Where leaves come one after the
 * other, so many more share a read, each of which takes the API server half as long as a record; one that comes alone
 * does not wait.
 */
const restMs = 30;

/**
 * Live reads that many may wait for: one GET serves everyone who asked before it was sent. Who asks while one is on its
 * way gets the next, since the answer on its way may be older than the question. At most one GET per object is out.
 */
export class SharedReads {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #turns = new Map<string, Turn>();

  constructor(client: KubeClient, clock: Clock = systemClock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** The object as it was at some moment after this call, or undefined when there was none. */
  read<T extends KubeObject>(type: ResourceType, ref: ObjectRef): Promise<T | undefined> {
    const id = `${resourceName(type)} ${keyOf({ metadata: { name: ref.name, ...namespaceOf(ref) } })}`;
    const turn = this.#turns.get(id);
    const answer = turn === undefined ? this.#send(id, type, ref) : this.#join(turn, id, type, ref);
    return answer as Promise<T | undefined>;
  }

  #join(turn: Turn, id: string, type: ResourceType, ref: ObjectRef): Promise<KubeObject | undefined> {
    const send = async (): Promise<KubeObject | undefined> => {
      await new Promise<void>((resolve) => this.#clock.setTimer(resolve, restMs));
      return this.#send(id, type, ref);
    };
    // A failed read is no reason not to try the next.
    turn.next ??= turn.sent.then(send, send);
    return turn.next;
  }

  #send(id: string, type: ResourceType, ref: ObjectRef): Promise<KubeObject | undefined> {
    const sent = this.#client.getOrUndefined(type, ref);
    const turn: Turn = { sent };
    this.#turns.set(id, turn);
    const end = (): void => {
      if (turn.next === undefined) this.#turns.delete(id);
    };
    sent.then(end, end);
    return sent;
  }
}

function namespaceOf({ namespace }: ObjectRef): { readonly namespace?: string } {
  return namespace === undefined ? {} : { namespace };
}
