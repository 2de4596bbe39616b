import { type GenerationMark, generationMarkResource, generationName } from "@capstan/api";
import { formatTime, isConflict, KubeApiError, type KubeClient } from "@capstan/kube";
import { NotYet } from "../requests/not-yet.ts";

/**
 * Added to a leaf's end at most, so that one write serves the leaves of the next hour. Where leaves are shorter, so is what
 * is added: a root drains until its mark, and an hour would be most of it.
 */
const longestReserveMs = 3_600_000;

export interface MarkKeeperOptions {
  readonly client: KubeClient;
  readonly namespace: string;
}

/**
 * Raises a generation's mark before it signs. Raises of one generation go one after the other, and most leaves find the
 * mark high enough and cost no call.
 */
export class MarkKeeper {
  readonly #options: MarkKeeperOptions;
  /** Last mark that the API server confirmed, in milliseconds since 1970. It never falls, so an old one is still true. */
  readonly #confirmed = new Map<string, number>();
  readonly #turns = new Map<string, Promise<void>>();

  constructor(options: MarkKeeperOptions) {
    this.#options = options;
  }

  /**
   * Resolves once the mark is durably at or after `notAfter`.
   *
   * @throws {NotYet} when it cannot be raised so far because it is sealed: this generation signs no more
   */
  async raise(mark: {
    readonly authority: string;
    readonly generation: number;
    readonly notAfter: Date;
    readonly rootNotAfter: Date;
    /** The authority's longest leaf. */
    readonly maxLeafMs: number;
  }): Promise<void> {
    const name = generationName(mark.authority, mark.generation);
    const turn = (this.#turns.get(name) ?? Promise.resolve()).then(() =>
      this.#raise(
        name,
        mark.notAfter.getTime(),
        Math.min(mark.rootNotAfter.getTime(), mark.notAfter.getTime() + Math.min(longestReserveMs, mark.maxLeafMs)),
      ),
    );
    this.#turns.set(
      name,
      turn.catch(() => {}),
    );
    await turn;
  }

  async #raise(name: string, notAfter: number, raiseTo: number): Promise<void> {
    if ((this.#confirmed.get(name) ?? 0) >= notAfter) return;
    const { client, namespace } = this.#options;
    for (;;) {
      const mark = await client.get<GenerationMark>(generationMarkResource, { namespace, name });
      let stored = Date.parse(mark.spec.notAfter);
      if (stored < notAfter) {
        try {
          await client.replace(generationMarkResource, {
            ...mark,
            spec: { ...mark.spec, notAfter: formatTime(raiseTo) },
          });
        } catch (error) {
          if (isConflict(error)) continue; // The publisher or another replica raised it: see to what.
          if (isInvalid(error)) throw new NotYet(`mark ${name} cannot be raised: ${error.message}`);
          throw error;
        }
        stored = Math.floor(raiseTo / 1000) * 1000;
      }
      this.#confirmed.set(name, stored);
      return;
    }
  }
}

/** 422: a rule of the mark's schema forbids it. */
function isInvalid(error: unknown): error is KubeApiError {
  return error instanceof KubeApiError && error.code === 422;
}
