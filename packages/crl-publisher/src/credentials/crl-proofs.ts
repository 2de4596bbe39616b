import type { Logger } from "@capstan/kube";
import type { AnchorSpec } from "../authority/authority-parts.ts";
import type { OwnCredentialsMetrics } from "../metrics/own-credentials-metrics.ts";
import type { RevokedOutcome } from "./canary.ts";
import type { OwnLeaf } from "./mint-own-leaf.ts";

/** How often AWS is asked about a CRL that it does not act on yet. */
const askEveryMs = 5_000;
/** A leaf that ends within this may be refused for its end. */
const marginMs = 30_000;
/** Of a generation; a CRL names the newest, or one before when its making was cut off. */
const keptLeaves = 4;

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

interface Asked {
  readonly outcome: RevokedOutcome["outcome"];
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
  /** By authority, anchor and serial. */
  readonly #asked = new Map<string, Asked>();
  /** Of the same: what has not been answered yet. */
  readonly #underWay = new Set<string>();

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
    const before = this.#askedOf(crl, leaf)?.outcome;
    const found = await this.#options.ask(authority, anchor, leaf, signal).finally(() => this.#underWay.delete(key));
    const outcome = found?.outcome ?? "Unknown";
    this.#asked.set(key, { outcome, at: now().getTime() });
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
    const leaf = this.#leafOf(crl);
    if (leaf === undefined) return false;
    return this.#isOpen(crl, leaf) || this.#askedOf(crl, leaf)?.outcome === "Accepted";
  }

  /** Until AWS is to be asked about the CRL again, milliseconds; undefined when it is not. */
  waitMs(crl: ReadBackCrl): number | undefined {
    const leaf = this.#leafOf(crl);
    return leaf !== undefined && this.#isOpen(crl, leaf) ? this.#waitMs(crl, leaf) : undefined;
  }

  #leafOf({ authority, generation, serials }: ReadBackCrl): OwnLeaf | undefined {
    return this.#leaves.get(`${authority}/${generation}`)?.findLast(({ serial }) => serials.has(serial));
  }

  /** Whether the leaf can still prove something, and has not. */
  #isOpen(crl: ReadBackCrl, leaf: OwnLeaf): boolean {
    if (crl.anchor.canary === undefined) return false;
    const isProven = this.#askedOf(crl, leaf)?.outcome === "Refused";
    return !isProven && this.#options.now().getTime() < leaf.notAfter.getTime() - marginMs;
  }

  #askedOf(crl: ReadBackCrl, leaf: OwnLeaf): Asked | undefined {
    return this.#asked.get(keyOf(crl, leaf));
  }

  #waitMs(crl: ReadBackCrl, leaf: OwnLeaf): number {
    const at = this.#askedOf(crl, leaf)?.at;
    return at === undefined ? 0 : Math.max(0, at + askEveryMs - this.#options.now().getTime());
  }
}

function keyOf({ authority, anchor }: ReadBackCrl, { serial }: OwnLeaf): string {
  return `${authority}/${anchor.name}/${serial}`;
}
