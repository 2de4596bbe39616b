import { serialContent, type SerialHex } from "../certificate/serial.ts";
import { CaError } from "../errors.ts";
import type { CrlEntry } from "./crl.ts";
import { EntryWriter, reasonOfCode } from "./entry-bytes.ts";
import type { RevokedCertificates } from "./read-certificate-list.ts";
import { compareEntries, compareSerialTo, EntryReader, serialOfEntry, type EntryView } from "./read-entry.ts";
import { sortedPlaces } from "./sort-entries.ts";

/**
 * Entries of a CRL in their order, kept as the bytes that stand in it: about 50 octets each, and 4 for where they begin.
 * Never changes. A CRL that was read gives its entries in this form, and `encodeCrl` takes them so: `plus` and
 * `filter` copy what stays byte for byte, so that an entry is encoded once however many CRLs list it.
 *
 * @example
 * const entries = CrlEntries.of([{ serial: leaf.serial, revokedAt: now, reason: "keyCompromise" }]);
 * const next = published.entries
 *   .filter(({ serial }) => !mayDropEntry({ notAfter: leaf.notAfter, listedAt: published.thisUpdate }))
 *   .plus([...entries]);
 * next.has(leaf.serial) // true
 */
export class CrlEntries implements Iterable<CrlEntry> {
  static readonly NONE: CrlEntries = new CrlEntries(new Uint8Array(), Uint32Array.of(0));

  readonly #content: Uint8Array;
  /** Where each entry begins, and, last, where the last one ends. */
  readonly #offsets: Uint32Array;

  private constructor(content: Uint8Array, offsets: Uint32Array) {
    this.#content = content;
    this.#offsets = offsets;
  }

  /**
   * Encodes and sorts. That no serial is listed twice is seen to where a CRL is made of them.
   * @throws CaError ERR_CRL_INPUT for a date outside the years 2000 to 2099
   */
  static of(entries: readonly CrlEntry[]): CrlEntries {
    const writer = new EntryWriter(entries.length);
    const offsets = new Uint32Array(entries.length + 1);
    let index = 0;
    try {
      for (const entry of entries) offsets[(index += 1)] = writer.write(entry);
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      const serial = entries[index - 1]?.serial ?? "";
      throw new CaError("ERR_CRL_INPUT", `CRL: serial ${serial}, revocationDate: ${cause.message}`, { cause });
    }
    const places = sortedPlaces(writer.written, offsets);
    const written = { content: writer.written, offsets };
    return CrlEntries.read(places === undefined ? written : inOrder(written, places));
  }

  /** What a strict reader has found sorted and of our form. Not a copy. */
  static read({ content, offsets }: RevokedCertificates): CrlEntries {
    return new CrlEntries(content, offsets);
  }

  get size(): number {
    return this.#offsets.length - 1;
  }

  /** The elements of revokedCertificates one after another, DER. A view, not a copy. */
  get content(): Uint8Array {
    return this.#content;
  }

  /** In logarithmic time. */
  has(serial: SerialHex): boolean {
    const content = serialContent(serial);
    const index = this.#indexOf(content, 0, content.length);
    return index < this.size && compareSerialTo(this.#view(index), content, 0, content.length) === 0;
  }

  /** These and more, in the time that copying takes: only `more` is encoded. @throws CaError ERR_CRL_INPUT as `of` does */
  plus(more: readonly CrlEntry[]): CrlEntries {
    const added = CrlEntries.of(more);
    const runs: Run[] = [];
    let from = 0;
    for (const entry of added.#views()) {
      const to = this.#indexOf(entry.source, entry.serialStart, entry.serialEnd);
      runs.push({ of: this, from, to }, { of: added, from: entry.index, to: entry.index + 1 });
      from = to;
    }
    runs.push({ of: this, from, to: this.size });
    return CrlEntries.#concat(runs);
  }

  /** Those of which `keeps` says so. */
  filter(keeps: (entry: CrlEntry) => boolean): CrlEntries {
    const runs: Run[] = [];
    let from = 0;
    for (const view of this.#views()) {
      if (keeps(decode(view))) continue;
      runs.push({ of: this, from, to: view.index });
      from = view.index + 1;
    }
    runs.push({ of: this, from, to: this.size });
    return CrlEntries.#concat(runs);
  }

  /** The serials of these that `others` lacks, in time linear in both. */
  *missingIn(others: CrlEntries): Generator<SerialHex> {
    const theirs = others.#views();
    let their = theirs.next();
    for (const ours of this.#views()) {
      let order = 1;
      while (their.done !== true && (order = compareEntries(ours, their.value)) > 0) their = theirs.next();
      if (order !== 0) yield serialOfEntry(ours);
    }
  }

  /** In the order of their serials as numbers. */
  *[Symbol.iterator](): Generator<CrlEntry> {
    for (const view of this.#views()) yield decode(view);
  }

  /** Each view lives until the next one is asked for. */
  *#views(): Generator<EntryView> {
    const reader = new EntryReader(this.#content);
    for (let index = 0; index < this.size; index += 1) yield this.#view(index, reader);
  }

  #view(index: number, reader: EntryReader = new EntryReader(this.#content)): EntryView {
    return reader.read(index, this.#offsets[index] ?? 0, this.#offsets[index + 1] ?? 0);
  }

  /** The first index whose serial is not below the one whose content octets these are. */
  #indexOf(source: Uint8Array, start: number, end: number): number {
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareSerialTo(this.#view(middle), source, start, end) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  static #concat(runs: readonly Run[]): CrlEntries {
    let octets = 0;
    let count = 0;
    for (const { of, from, to } of runs) {
      octets += (of.#offsets[to] ?? 0) - (of.#offsets[from] ?? 0);
      count += to - from;
    }
    const content = new Uint8Array(octets);
    const offsets = new Uint32Array(count + 1);
    let at = 0;
    let index = 0;
    for (const { of, from, to } of runs) {
      const begin = of.#offsets[from] ?? 0;
      const shift = at - begin;
      content.set(of.#content.subarray(begin, of.#offsets[to]), at);
      for (let i = from; i < to; i += 1) offsets[(index += 1)] = (of.#offsets[i + 1] ?? 0) + shift;
      at = offsets[index] ?? 0;
    }
    return new CrlEntries(content, offsets);
  }
}

/** The entries in another order. */
function inOrder({ content, offsets }: RevokedCertificates, places: Uint32Array): RevokedCertificates {
  const sorted = new Uint8Array(content.length);
  const sortedOffsets = new Uint32Array(offsets.length);
  let at = 0;
  for (let index = 0; index < places.length; index += 1) {
    const place = places[index] ?? 0;
    const end = offsets[place + 1] ?? 0;
    for (let from = offsets[place] ?? 0; from < end; from += 1, at += 1) sorted[at] = content[from] ?? 0;
    sortedOffsets[index + 1] = at;
  }
  return { content: sorted, offsets: sortedOffsets };
}

/** Entries one after another, from the first index to before the last. */
interface Run {
  readonly of: CrlEntries;
  readonly from: number;
  readonly to: number;
}

function decode(view: EntryView): CrlEntry {
  const reason = view.reasonCode === undefined ? undefined : reasonOfCode(view.reasonCode);
  const entry = { serial: serialOfEntry(view), revokedAt: new Date(view.revokedAtMs) };
  return reason === undefined ? entry : { ...entry, reason };
}
