import type { KubeObject } from "./kube-object.ts";
import type { Logger } from "./logger.ts";

export interface IntakeOptions<T extends KubeObject> {
  readonly selects?: ((object: T) => boolean) | undefined;
  readonly transform?: ((object: T) => T) | undefined;
  readonly log: Logger;
}

/**
 * Decides what of an object that the server sent enters a store. Objects are written by others, so nothing in one may stop a watch: a function
 * that throws is logged, and its object is kept as it is.
 */
export class Intake<T extends KubeObject> {
  readonly #options: IntakeOptions<T>;

  constructor(options: IntakeOptions<T>) {
    this.#options = options;
  }

  /** Whether a server that chose by the field selector would have sent it. */
  selects(object: T): boolean {
    const { selects } = this.#options;
    return selects === undefined || this.#tried(object, () => selects(object), true);
  }

  /** The object without its managedFields, which are about half of it, then transformed. */
  keep(object: T): T {
    const { transform } = this.#options;
    const bare = withoutManagedFields(object);
    if (transform === undefined) return bare;
    return this.#tried(object, () => checkIdentity(bare, transform(bare)), bare);
  }

  #tried<R>(object: T, decide: () => R, otherwise: R): R {
    try {
      return decide();
    } catch (error) {
      const { namespace, name } = object.metadata;
      this.#options.log.error({ err: error, namespace, name }, "an object could not be read: it is kept as it is");
      return otherwise;
    }
  }
}

function withoutManagedFields<T extends KubeObject>(object: T): T {
  if (!("managedFields" in object.metadata)) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** Without these neither a change nor a successor of the same name could be told. */
const identity = ["namespace", "name", "uid", "resourceVersion"] as const;

function checkIdentity<T extends KubeObject>(before: T, after: T): T {
  for (const field of identity) {
    if (after.metadata[field] !== before.metadata[field]) {
      throw new TypeError(`transform changed metadata.${field}: keep namespace, name, uid and resourceVersion`);
    }
  }
  return after;
}
