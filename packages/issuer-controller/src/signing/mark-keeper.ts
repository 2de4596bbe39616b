import { type GenerationMark, generationMarkResource, generationName } from "@capstan/api";
import type { ProfileName } from "@capstan/ca-core";
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

/** What is to be signed. */
export interface MarkedLeaf {
  readonly authority: string;
  readonly generation: number;
  readonly notAfter: Date;
  readonly rootNotAfter: Date;
  /** The authority's longest leaf. */
  readonly maxLeafMs: number;
  /** Of profile General the mark keeps the end apart: a root with such leaves comes into no trust anchor before it. */
  readonly profile: ProfileName;
}

/** What a mark says, in milliseconds since 1970; of profile General 0 when it says that none was signed. */
interface MarkTimes {
  readonly notAfter: number;
  readonly general: number;
}

/**
 * Raises a generation's mark before it signs. Raises of one generation go one after the other, and most leaves find the
 * mark high enough and cost no call.
 */
export class MarkKeeper {
  readonly #options: MarkKeeperOptions;
  /** Last mark that the API server confirmed. It never falls, so an old one is still true. */
  readonly #confirmed = new Map<string, MarkTimes>();
  readonly #turns = new Map<string, Promise<void>>();

  constructor(options: MarkKeeperOptions) {
    this.#options = options;
  }

  /**
   * Resolves once the mark is durably at or after the leaf's end, for the leaf's profile as well.
   *
   * @throws {NotYet} when it cannot be raised so far because it is sealed: this generation signs no more
   */
  async raise(leaf: MarkedLeaf): Promise<void> {
    const name = generationName(leaf.authority, leaf.generation);
    const turn = (this.#turns.get(name) ?? Promise.resolve()).then(() => this.#raise(name, leaf));
    this.#turns.set(
      name,
      turn.catch(() => {}),
    );
    await turn;
  }

  async #raise(name: string, leaf: MarkedLeaf): Promise<void> {
    const confirmed = this.#confirmed.get(name);
    if (confirmed !== undefined && isHighEnough(confirmed, leaf)) return;
    const { client, namespace } = this.#options;
    for (;;) {
      const mark = await client.get<GenerationMark>(generationMarkResource, { namespace, name });
      let stored = timesOf(mark);
      if (!isHighEnough(stored, leaf)) {
        stored = raised(stored, leaf);
        try {
          await client.replace(generationMarkResource, { ...mark, spec: { ...mark.spec, ...written(stored) } });
        } catch (error) {
          if (isConflict(error)) continue; // The publisher or another replica raised it: see to what.
          if (isInvalid(error)) throw new NotYet(`mark ${name} cannot be raised: ${error.message}`);
          throw error;
        }
      }
      this.#confirmed.set(name, stored);
      return;
    }
  }
}

function timesOf({ spec: { notAfter, generalNotAfter } }: GenerationMark): MarkTimes {
  return {
    notAfter: Date.parse(notAfter),
    general: generalNotAfter === undefined ? 0 : Date.parse(generalNotAfter),
  };
}

function isHighEnough({ notAfter, general }: MarkTimes, leaf: MarkedLeaf): boolean {
  const end = leaf.notAfter.getTime();
  return notAfter >= end && (leaf.profile !== "General" || general >= end);
}

/** Whole seconds, as they are stored. */
function raised({ notAfter, general }: MarkTimes, leaf: MarkedLeaf): MarkTimes {
  const reserveMs = Math.min(longestReserveMs, leaf.maxLeafMs);
  const wanted = Math.min(leaf.rootNotAfter.getTime(), leaf.notAfter.getTime() + reserveMs);
  const to = Math.floor(wanted / 1000) * 1000;
  return { notAfter: Math.max(notAfter, to), general: leaf.profile === "General" ? Math.max(general, to) : general };
}

function written({ notAfter, general }: MarkTimes): Pick<GenerationMark["spec"], "notAfter" | "generalNotAfter"> {
  return { notAfter: formatTime(notAfter), ...(general === 0 ? {} : { generalNotAfter: formatTime(general) }) };
}

/** 422: a rule of the mark's schema forbids it. */
function isInvalid(error: unknown): error is KubeApiError {
  return error instanceof KubeApiError && error.code === 422;
}
