import type { Logger } from "@capstan/kube";
import type { AnchorSpec } from "../authority/authority-parts.ts";
import type { OwnCredentialsMetrics } from "../metrics/own-credentials-metrics.ts";
import type { StoredCrl } from "../crl/publish-crl.ts";
import type { RevokedOutcome } from "./canary.ts";
import type { OwnLeaf } from "./mint-own-leaf.ts";

/** How often AWS is asked about a CRL that it does not act on yet. */
const askEveryMs = 5_000;
/** A leaf that ends within this may be refused for its end. */
const marginMs = 30_000;
/** Of a generation; a CRL names the newest, or one before when its making was cut off. */
const keptLeaves = 4;
/** Of a generation in one anchor, while their leaves can still prove something. */
const keptCrls = 8;
/** A proof that takes no longer is nothing to tell. */
const toldAfterMs = 30_000;

/** Asks whether AWS refuses a revoked leaf for being revoked; undefined while trust anchor or canary are not known. */
export type AskAboutLeaf = (
  authority: string,
  anchor: AnchorSpec,
  leaf: OwnLeaf,
  signal: AbortSignal,
) => Promise<RevokedOutcome | undefined>;

export interface CrlProofsOptions {
  readonly ask: AskAboutLeaf;
  readonly metrics: OwnCredentialsMetrics;
  readonly now: () => Date;
  readonly log: Logger;
}

/** A CRL that a trust anchor was read back with. */
export interface ReadBackCrl {
  readonly authority: string;
  readonly anchor: AnchorSpec;
  readonly generation: number;
  readonly serials: ReadonlySet<string>;
}

type AnchorOfCrl = Omit<ReadBackCrl, "serials">;

/** What of a CRL counts when it does. */
type CountedCrl = Pick<StoredCrl, "number" | "serials">;

interface Seen {
  readonly counts: CountedCrl;
  /** Its own; undefined when this process did not mint it. */
  readonly leaf: OwnLeaf | undefined;
  /** When it was first read back. */
  readonly at: number;
}

interface Asked {
  readonly outcome: RevokedOutcome["outcome"];
  readonly message: string;
  readonly at: number;
}

/**
 * Whether AWS acts on the CRLs that it holds. Each CRL names a fresh leaf of our own; where a canary is configured, that leaf is
 * tried until AWS says that it is revoked. What a process before this one minted is not known here, and proves nothing.
 */
export class CrlProofs {
  readonly #options: CrlProofsOptions;
  /** The newest last, by authority and generation. */
  readonly #leaves = new Map<string, readonly OwnLeaf[]>();
  /** By anchor; it goes with the leaf. */
  readonly #asked = new WeakMap<OwnLeaf, Map<string, Asked>>();
  /** By authority, anchor and serial: what has not been answered yet. */
  readonly #underWay = new Set<string>();
  /** By authority, anchor and generation, the newest last: the CRL that counts, and those that it was read back with since. */
  readonly #readBack = new Map<string, readonly Seen[]>();

  constructor(options: CrlProofsOptions) {
    this.#options = options;
  }

  /** A leaf was minted for the next CRL to name. */
  minted(authority: string, leaf: OwnLeaf): void {
    const key = `${authority}/${leaf.generation}`;
    this.#leaves.set(key, [...(this.#leaves.get(key) ?? []), leaf].slice(-keptLeaves));
  }

  /** Asks AWS by the CRL's own leaf, unless it is known already or was asked just now. */
  async ask(crl: ReadBackCrl, signal: AbortSignal): Promise<void> {
    const { authority, anchor, generation } = crl;
    const { now, metrics, log } = this.#options;
    const leaf = this.#leafOf(crl);
    if (leaf === undefined || !this.#isOpen(crl, leaf) || this.#waitMs(crl, leaf) > 0) return;
    const key = keyOf(crl, leaf);
    // Who looks meanwhile does not wait for the same answer.
    if (this.#underWay.has(key)) return;
    this.#underWay.add(key);
    const asked = this.#asked.get(leaf) ?? new Map<string, Asked>();
    this.#asked.set(leaf, asked);
    const before = asked.get(anchor.name)?.outcome;
    const found = await this.#options.ask(authority, anchor, leaf, signal).finally(() => this.#underWay.delete(key));
    const { outcome, message } = found ?? { outcome: "Unknown", message: "the canary's arns are not known" };
    asked.set(anchor.name, { outcome, message, at: now().getTime() });
    metrics.crlProven({ authority, anchor: anchor.name, generation, isProven: outcome === "Refused" });
    if (outcome === before) return;
    const fields = { authority, trustAnchor: anchor.name, generation, serial: leaf.serial, answer: found?.message };
    if (outcome === "Refused") log.info(fields, "AWS acts on the new CRL");
    else log.warn(fields, "AWS has not been seen to act on the new CRL yet");
  }

  /**
   * Whether the CRL must not count as published yet. When its leaf has ended without a proof it does, unless AWS went on giving
   * sessions to it: the next CRL has a fresh one.
   */
  isDoubtful(crl: ReadBackCrl): boolean {
    return this.#isDoubtful(crl, this.#leafOf(crl));
  }

  /**
   * Of the CRLs that an anchor was read back with, the newest one being given, that which counts: the newest that is doubtful no more.
   * One that was followed by another before its leaf had ended counts when the leaf has: else nothing would, where CRLs follow
   * each other faster than that.
   */
  counted(crl: ReadBackCrl, newest: CountedCrl): CountedCrl | undefined {
    const known = this.#readBack.get(anchorKeyOf(crl)) ?? [];
    const itself = known.find(({ counts }) => counts.number === newest.number) ?? {
      counts: newest,
      leaf: this.#leafOf(crl),
      at: this.#options.now().getTime(),
    };
    // What AWS went on giving sessions to never counts, and the oldest of the others are the first to do so.
    const before = known
      .filter(({ counts, leaf }) => counts.number < newest.number && !this.#isDisproved(crl, leaf))
      .slice(0, keptCrls - 1);
    const all = [...before, itself];
    const from = all.findLastIndex(({ leaf }) => !this.#isDoubtful(crl, leaf));
    this.#readBack.set(anchorKeyOf(crl), all.slice(Math.max(0, from)));
    return all[from]?.counts;
  }

  /** Why an anchor's newest CRL does not count, for people; undefined when it does, or has not for a short time only. */
  doubtOf(of: AnchorOfCrl): string | undefined {
    const open = (this.#readBack.get(anchorKeyOf(of)) ?? []).filter(({ leaf }) => this.#isDoubtful(of, leaf));
    const since = open[0]?.at ?? Number.POSITIVE_INFINITY;
    if (this.#options.now().getTime() - since < toldAfterMs) return undefined;
    const said = open.flatMap(({ leaf }) => this.#askedOf(of, leaf)?.message ?? []).at(-1);
    return `the CRL was read back, and AWS was not seen to act on it${said === undefined ? "" : `: ${said}`}`;
  }

  /** Until AWS is to be asked about the CRL again, milliseconds; undefined when it is not. */
  waitMs(crl: ReadBackCrl): number | undefined {
    const leaf = this.#leafOf(crl);
    return leaf !== undefined && this.#isOpen(crl, leaf) ? this.#waitMs(crl, leaf) : undefined;
  }

  #leafOf({ authority, generation, serials }: ReadBackCrl): OwnLeaf | undefined {
    return this.#leaves.get(`${authority}/${generation}`)?.findLast(({ serial }) => serials.has(serial));
  }

  #isDoubtful(of: AnchorOfCrl, leaf: OwnLeaf | undefined): boolean {
    return leaf !== undefined && (this.#isOpen(of, leaf) || this.#isDisproved(of, leaf));
  }

  /** Whether the leaf has ended, and AWS gave sessions to it to the last. */
  #isDisproved(of: AnchorOfCrl, leaf: OwnLeaf | undefined): boolean {
    return leaf !== undefined && !this.#isOpen(of, leaf) && this.#askedOf(of, leaf)?.outcome === "Accepted";
  }

  /** Whether the leaf can still prove something, and has not. */
  #isOpen(crl: AnchorOfCrl, leaf: OwnLeaf): boolean {
    if (crl.anchor.canary === undefined) return false;
    const isProven = this.#askedOf(crl, leaf)?.outcome === "Refused";
    return !isProven && this.#options.now().getTime() < leaf.notAfter.getTime() - marginMs;
  }

  #askedOf(crl: AnchorOfCrl, leaf: OwnLeaf | undefined): Asked | undefined {
    return leaf && this.#asked.get(leaf)?.get(crl.anchor.name);
  }

  #waitMs(crl: ReadBackCrl, leaf: OwnLeaf): number {
    const at = this.#askedOf(crl, leaf)?.at;
    return at === undefined ? 0 : Math.max(0, at + askEveryMs - this.#options.now().getTime());
  }
}

function anchorKeyOf({ authority, anchor, generation }: AnchorOfCrl): string {
  return `${authority}/${anchor.name}/${generation}`;
}

function keyOf({ authority, anchor }: ReadBackCrl, { serial }: OwnLeaf): string {
  return `${authority}/${anchor.name}/${serial}`;
}
