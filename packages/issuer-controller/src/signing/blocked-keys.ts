import type { RevocationList } from "@capstan/api";
import type { ReadonlyStore } from "@capstan/kube";
import { assertHeard } from "./silence.ts";

export interface BlockedKeysOptions {
  readonly lists: Pick<ReadonlyStore<RevocationList>, "list">;
  /** Milliseconds since the API server last gave a sign of life of them. */
  readonly silentMs: () => number;
}

/** Public keys that were revoked: no certificate is issued for them any more, by any authority. */
export class BlockedKeys {
  readonly #options: BlockedKeysOptions;

  constructor(options: BlockedKeysOptions) {
    this.#options = options;
  }

  /**
   * Whether a key is blocked for a namespace.
   *
   * @param sha256 of its SubjectPublicKeyInfo, lower-case hex
   * @throws {NotYet} while nobody can say: what is not known to be allowed is not signed
   */
  isBlocked(sha256: string, namespace: string | undefined): boolean {
    const { lists, silentMs } = this.#options;
    assertHeard(silentMs(), "which public keys are blocked");
    return lists
      .list()
      .flatMap(({ spec }) => spec.blockedKeys ?? [])
      .some((block) => block.sha256 === sha256 && (block.namespace === undefined || block.namespace === namespace));
  }
}

/** Of a list what the issuer reads of it: a full one has half a megabyte of entries. */
export function withoutEntries(list: RevocationList): RevocationList {
  const { entries: _entries, actors: _actors, ...spec } = list.spec;
  return { ...list, spec };
}
