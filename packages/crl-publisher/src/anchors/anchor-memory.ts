import { type AnchorObservation, type CanaryResult, countReading, type RotationPolicy } from "@capstan/ca-core";
import type { AnchorSpec } from "../authority/authority-parts.ts";
import type { FoundAnchor } from "./read-anchor.ts";

const firstRetryMs = 2_000;
const longestRetryMs = 60_000;

/** A reading, with the count of those before it that found the same. */
export interface CountedReading extends FoundAnchor {
  /** Milliseconds since 1970. */
  readonly readAt: number;
  readonly equal: { readonly count: number; readonly since: number };
}

/**
 * What this process knows of one trust anchor since it leads. It is in no store on purpose: a soak is counted by one
 * process alone, and whoever takes over reads everything anew.
 */
export class AnchorMemory {
  #reading: CountedReading | undefined;
  #writtenAt: number | undefined;
  #doubtfulWriteAt: number | undefined;
  #failure: AnchorObservation["failure"];
  #failures = 0;
  /** What was read before a write that AWS has answered since then. */
  #beforeWrite: string | undefined;
  #writesWithoutEffect = 0;
  #isWriteUnseen = false;
  /** The reading whose changed settings were told, and put back. */
  settingsToldOf: number | undefined;
  #underWay: { readonly since: number; readonly ended: Promise<void> } | undefined;
  #fault: { readonly error: unknown } | undefined;
  canary: CanaryResult | undefined;

  get reading(): CountedReading | undefined {
    return this.#reading;
  }

  get writtenAt(): number | undefined {
    return this.#writtenAt;
  }

  get doubtfulWriteAt(): number | undefined {
    return this.#doubtfulWriteAt;
  }

  get failure(): AnchorObservation["failure"] {
    return this.#failure;
  }

  /** Since when a call of `begin` has been under way, milliseconds since 1970; undefined for none. */
  get underWaySince(): number | undefined {
    return this.#underWay?.since;
  }

  /** Begins a call that nobody has to wait for. One at a time. */
  begin(now: number, call: () => Promise<void>): void {
    if (this.#underWay !== undefined) throw new TypeError("a call is under way");
    const ended = call()
      .catch((error: unknown) => {
        this.#fault = { error };
      })
      .finally(() => {
        this.#underWay = undefined;
      });
    this.#underWay = { since: now, ended };
  }

  /** Resolves when no call is under way. */
  async ended(): Promise<void> {
    await this.#underWay?.ended;
  }

  /** @throws what a call of `begin` has ended with, once */
  throwFault(): void {
    const fault = this.#fault;
    this.#fault = undefined;
    if (fault !== undefined) throw fault.error;
  }

  /** How many writes in a row AWS has answered and the reading right after them, this last one, has not shown. */
  get unseenWrites(): number {
    return this.#isWriteUnseen ? this.#writesWithoutEffect : 0;
  }

  /** A read that was begun at `now` has found this. It is later than the last write, which had ended before it began. */
  read(found: FoundAnchor, now: number, policy: RotationPolicy): CountedReading {
    const readAt = Math.max(now, (this.#writtenAt ?? Number.NEGATIVE_INFINITY) + 1);
    const { equal } = countReading(
      this.#reading && observed(this.#reading),
      { readAt, state: found.state, bundle: found.certificates.map(({ fingerprint }) => fingerprint), crls: [] },
      policy,
    );
    this.#isWriteUnseen = this.#beforeWrite === contentOf(found);
    if (this.#beforeWrite !== undefined)
      this.#writesWithoutEffect = this.#isWriteUnseen ? this.#writesWithoutEffect + 1 : 0;
    this.#beforeWrite = undefined;
    this.#reading = { ...found, readAt, equal };
    return this.#reading;
  }

  /**
   * Notes a write before it is sent: what was read before is out of date from here on. It stays doubtful until `isAnswered`
   * says of what the call ended with that AWS has answered it.
   */
  async write<T>(now: number, call: () => Promise<T>, isAnswered: (error: unknown) => boolean): Promise<T> {
    const before = this.#doubtfulWriteAt;
    this.#writtenAt = now;
    this.#doubtfulWriteAt = now;
    try {
      const answer = await call();
      this.#doubtfulWriteAt = before;
      if (this.#reading !== undefined) this.#beforeWrite = contentOf(this.#reading);
      return answer;
    } catch (error) {
      if (isAnswered(error)) this.#doubtfulWriteAt = before;
      throw error;
    }
  }

  /** The next try is made after 2 s, and after twice as long each time, up to a minute. */
  failed(
    message: string,
    now: number,
    {
      retryAfterMs = 0,
      isOfWrongAccount = false,
    }: { readonly retryAfterMs?: number | undefined; readonly isOfWrongAccount?: boolean } = {},
  ): void {
    this.#failures += 1;
    const backoffMs = Math.min(longestRetryMs, firstRetryMs * 2 ** (this.#failures - 1));
    const retryAt = now + Math.min(longestRetryMs, Math.max(backoffMs, retryAfterMs));
    this.#failure = { message, retryAt, ...(isOfWrongAccount ? { isOfWrongAccount } : {}) };
  }

  /**
   * The same for a write that had no effect, or whose effect is not to be read yet: what is read is true enough to go on
   * by, but not at once, or the same would be written again and again.
   */
  unseen(message: string, now: number): void {
    const backoffMs = Math.min(longestRetryMs, firstRetryMs * 2 ** (this.#writesWithoutEffect - 1));
    this.#failure = { message, retryAt: now + backoffMs };
  }

  succeeded(): void {
    this.#failures = 0;
    this.#failure = undefined;
  }
}

/** What of an anchor a write of ours can change. */
function contentOf({ state, certificates, crls }: FoundAnchor): string {
  return JSON.stringify([
    state,
    certificates.map(({ fingerprint }) => fingerprint).toSorted(),
    crls.map(({ id, enabled, content }) => `${id} ${String(enabled)} ${content?.sha256 ?? ""}`).toSorted(),
  ]);
}

function observed({ readAt, state, certificates, equal }: CountedReading) {
  return { readAt, state, bundle: certificates.map(({ fingerprint }) => fingerprint), crls: [], equal };
}

/** The memories of every anchor of every authority. */
export class AnchorMemories {
  readonly #memories = new Map<string, AnchorMemory>();

  /** An anchor that the spec moved is another one, of which nothing is known. */
  of(authority: string, { name, region, account, arn = "" }: AnchorSpec): AnchorMemory {
    const id = [authority, name, region, account, arn].join(" ");
    const known = this.#memories.get(id) ?? new AnchorMemory();
    this.#memories.set(id, known);
    return known;
  }

  /** The authority is gone; another one of its name is another one. */
  forget(authority: string): void {
    for (const id of this.#memories.keys()) if (id.startsWith(`${authority} `)) this.#memories.delete(id);
  }
}
