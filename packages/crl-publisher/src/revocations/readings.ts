import type { CrlNumber } from "@capstan/ca-core";
import type { StoredCrl } from "../crl/publish-crl.ts";

/** A trust anchor was read back with this CRL. */
export interface Reading {
  readonly authority: string;
  readonly anchor: string;
  readonly generation: number;
  readonly crl: Pick<StoredCrl, "number" | "serials">;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/**
 * What this process has read back from AWS. It starts empty: after a restart nothing counts as published until it was
 * read back again.
 */
export class Readings {
  readonly #readings = new Map<string, Reading>();
  readonly #doubts = new Map<string, string>();
  readonly #listeners: ((about: Pick<Reading, "authority" | "anchor">) => void)[] = [];

  /** Calls back after each reading, and each doubt that comes or goes. */
  onReading(listener: (about: Pick<Reading, "authority" | "anchor">) => void): void {
    this.#listeners.push(listener);
  }

  record(reading: Reading): void {
    this.#readings.set(keyOf(reading.authority, reading.anchor, reading.generation), reading);
    for (const listener of this.#listeners) listener(reading);
  }

  /** Says why the newest CRL, though it was read back, does not count; undefined for no reason. */
  doubt(of: Pick<Reading, "authority" | "anchor" | "generation">, why: string | undefined): void {
    const key = keyOf(of.authority, of.anchor, of.generation);
    if (this.#doubts.get(key) === why) return;
    if (why === undefined) this.#doubts.delete(key);
    else this.#doubts.set(key, why);
    for (const listener of this.#listeners) listener(of);
  }

  doubtOf(authority: string, anchor: string, generation: number): string | undefined {
    return this.#doubts.get(keyOf(authority, anchor, generation));
  }

  /** Forgets what one anchor was read back with. */
  forget(authority: string, anchor: string): void {
    for (const [key, reading] of this.#readings) {
      if (reading.authority === authority && reading.anchor === anchor) this.#readings.delete(key);
    }
  }

  of(authority: string, anchor: string, generation: number): Reading | undefined {
    return this.#readings.get(keyOf(authority, anchor, generation));
  }

  /** The highest number of a generation's CRLs that any trust anchor was read back with. */
  highestCrlNumber(authority: string, generation: number): CrlNumber | undefined {
    return [...this.#readings.values()]
      .filter((reading) => reading.authority === authority && reading.generation === generation)
      .map(({ crl }) => crl.number)
      .reduce<CrlNumber | undefined>(
        (highest, number) => (highest === undefined || number > highest ? number : highest),
        undefined,
      );
  }
}

function keyOf(authority: string, anchor: string, generation: number): string {
  return `${authority}/${anchor}/${generation}`;
}
