import type { RevocationList } from "@capstan/api";
import type { ReadonlyStore } from "@capstan/kube";
import { NotYet } from "../requests/not-yet.ts";

/**
 * So long may the lists have been silent. The API server sends a bookmark each minute; whoever revokes a key waits longer
 * than this before the ledger is read a last time.
 */
const longestSilenceMs = 120_000;

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
    if (silentMs() > longestSilenceMs) {
      throw new NotYet("the API server has not told for two minutes which public keys are blocked", {
        isPatient: true,
      });
    }
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
