/**
 * Keys that wait, in the order in which they are served: groups take turns, one key each, and within a group first come is first served.
 * So a key waits for at most one key of every other group, however many those hold, and for what came before it in its own.
 */
export class FairKeys {
  #root: Group = new Group();

  get size(): number {
    return this.#root.size;
  }

  /** `path`: the groups that the key is in, outermost first. Not to be called for a key that waits already. */
  push(key: string, path: readonly string[]): void {
    this.#root.push(key, path);
  }

  shift(): string | undefined {
    return this.#root.shift();
  }

  clear(): void {
    this.#root = new Group();
  }
}

/** Something that holds keys, and gets a turn as long as it does. */
interface Turn {
  readonly size: number;
  shift(): string | undefined;
}

class Group implements Turn {
  readonly #own = new Fifo<string>();
  readonly #inner = new Map<string, Group>();
  // #own and each of #inner, as long as they hold a key.
  readonly #turns = new Fifo<{ readonly turn: Turn; readonly name?: string }>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(key: string, [name, ...rest]: readonly string[]): void {
    this.#size += 1;
    if (name === undefined) {
      if (this.#own.size === 0) this.#turns.push({ turn: this.#own });
      this.#own.push(key);
      return;
    }
    let group = this.#inner.get(name);
    if (group === undefined) {
      group = new Group();
      this.#inner.set(name, group);
      this.#turns.push({ turn: group, name });
    }
    group.push(key, rest);
  }

  shift(): string | undefined {
    const next = this.#turns.shift();
    if (next === undefined) return undefined;
    const key = next.turn.shift();
    this.#size -= 1;
    if (next.turn.size > 0) this.#turns.push(next);
    else if (next.name !== undefined) this.#inner.delete(next.name);
    return key;
  }
}

/** First in, first out, without the cost of `Array.shift` on a long one, nor that of a Set that is emptied from its front. */
class Fifo<T> {
  #incoming: T[] = [];
  #outgoing: T[] = []; // in reverse

  get size(): number {
    return this.#incoming.length + this.#outgoing.length;
  }

  push(item: T): void {
    this.#incoming.push(item);
  }

  shift(): T | undefined {
    if (this.#outgoing.length === 0) {
      this.#outgoing = this.#incoming.toReversed();
      this.#incoming = [];
    }
    return this.#outgoing.pop();
  }
}
