import { keyOf, type KubeObject } from "./kube-object.ts";

/** Values under which an object is found again: `(request) => [issuerNameOf(request)]`. */
export type IndexFunction<T> = (object: T) => readonly string[];

/** A reflector's objects. They may lag behind the server: read live before what cannot be undone. */
export interface ReadonlyStore<T extends KubeObject> {
  readonly size: number;
  /** `namespace/name`, or `name` for cluster-scoped kinds. */
  get(key: string): T | undefined;
  list(): readonly T[];
  /** Objects for which the index function of that name gave the value. Throws TypeError for an unknown index. */
  byIndex(index: string, value: string): readonly T[];
}

export class ObjectStore<T extends KubeObject> implements ReadonlyStore<T> {
  #objects = new Map<string, T>();
  readonly #indexes: ReadonlyMap<
    string,
    { readonly valuesOf: IndexFunction<T>; readonly keys: Map<string, Set<string>> }
  >;

  constructor(indexes: Readonly<Record<string, IndexFunction<T>>> = {}) {
    this.#indexes = new Map(
      Object.entries(indexes).map(([name, valuesOf]) => [name, { valuesOf, keys: new Map<string, Set<string>>() }]),
    );
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): readonly T[] {
    return [...this.#objects.values()];
  }

  byIndex(index: string, value: string): readonly T[] {
    const keys = this.#indexes.get(index)?.keys;
    if (keys === undefined) throw new TypeError(`there is no index "${index}"`);
    return [...(keys.get(value) ?? [])].flatMap((key) => this.#objects.get(key) ?? []);
  }

  /** Returns the object that was there. */
  set(object: T): T | undefined {
    const key = keyOf(object);
    const previous = this.delete(key);
    this.#objects.set(key, object);
    for (const { valuesOf, keys } of this.#indexes.values()) {
      for (const value of valuesOf(object)) {
        const bucket = keys.get(value);
        if (bucket === undefined) keys.set(value, new Set([key]));
        else bucket.add(key);
      }
    }
    return previous;
  }

  delete(key: string): T | undefined {
    const previous = this.#objects.get(key);
    if (previous === undefined) return undefined;
    this.#objects.delete(key);
    for (const { valuesOf, keys } of this.#indexes.values()) {
      for (const value of valuesOf(previous)) {
        const bucket = keys.get(value);
        bucket?.delete(key);
        if (bucket?.size === 0) keys.delete(value);
      }
    }
    return previous;
  }

  keys(): readonly string[] {
    return [...this.#objects.keys()];
  }
}
