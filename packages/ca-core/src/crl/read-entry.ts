import { serialOfContent, type SerialHex } from "../certificate/serial.ts";
import { expectTag, structureError } from "../der/fields.ts";
import { readDerAt, shallowReader, type DerNode } from "../der/read.ts";
import { TAG } from "../der/tag.ts";
import { reasonCodeAt } from "./entry-bytes.ts";
import { EntryTimeReader } from "./entry-time.ts";

/** One element of revokedCertificates, found in its list by strict DER rules but not yet held to any other. */
export interface EntryView {
  /** Its place in the list, from 0. */
  readonly index: number;
  readonly source: Uint8Array;
  /** Content octets of the serial's INTEGER: positive, shortest form, at most 20 octets and a sign octet. */
  readonly serialStart: number;
  readonly serialEnd: number;
  /** Milliseconds since 1970. */
  readonly revokedAtMs: number;
  /** When crlEntryExtensions is one reason code in the only form it can have. */
  readonly reasonCode: number | undefined;
  /** When crlEntryExtensions is anything else. */
  readonly otherExtensions: DerNode | undefined;
  readonly end: number;
}

type OpenView = { -readonly [field in keyof EntryView]: EntryView[field] };

/**
 * Reads entries out of a list. A view is overwritten by the next call but one, so that an entry and the one before it
 * can be seen side by side, and however long the list is, nothing is left behind.
 */
export class EntryReader {
  readonly #source: Uint8Array;
  readonly #readShallow: ReturnType<typeof shallowReader>;
  readonly #times = new EntryTimeReader();
  #view: OpenView;
  #other: OpenView;

  constructor(source: Uint8Array) {
    this.#source = source;
    this.#readShallow = shallowReader(source);
    this.#view = newView(source);
    this.#other = newView(source);
  }

  /** The entry that begins at `start` and ends at `limit` or before. @throws DerError, CaError ERR_SERIAL */
  read(index: number, start: number, limit: number): EntryView {
    const view = this.#other;
    [this.#other, this.#view] = [this.#view, view];
    const entry = expectTag(this.#readShallow(start, limit), TAG.sequence, "revokedCertificate");
    const { contentStart, end } = entry;
    view.index = index;
    view.end = end;
    const serial = expectTag(this.#member(contentStart, end, "userCertificate"), TAG.integer, "userCertificate");
    assertSerial(serial);
    view.serialStart = serial.contentStart;
    view.serialEnd = serial.end;
    const revokedAt = this.#member(serial.end, end, "revocationDate");
    view.revokedAtMs = this.#times.read(revokedAt);
    this.#readExtensions(view, revokedAt.end);
    return view;
  }

  #readExtensions(view: OpenView, start: number): void {
    view.reasonCode = reasonCodeAt(this.#source, start, view.end);
    view.otherExtensions = undefined;
    if (start === view.end || view.reasonCode !== undefined) return;
    const { tag, end } = this.#readShallow(start, view.end);
    if (tag !== TAG.sequence || end !== view.end) {
      throw structureError(start, "revokedCertificate has a member that its type does not have");
    }
    view.otherExtensions = readDerAt(this.#source, start, end);
  }

  #member(start: number, end: number, what: string): DerNode {
    if (start === end) throw structureError(end, `${what} is missing in revokedCertificate`);
    return this.#readShallow(start, end);
  }
}

function newView(source: Uint8Array): OpenView {
  return {
    index: 0,
    source,
    serialStart: 0,
    serialEnd: 0,
    revokedAtMs: 0,
    reasonCode: undefined,
    otherExtensions: undefined,
    end: 0,
  };
}

export function serialOfEntry({ source, serialStart, serialEnd }: EntryView): SerialHex {
  return serialOfContent(source.subarray(serialStart, serialEnd));
}

/** The order of two entries by their serials as numbers. */
export function compareEntries(a: EntryView, b: EntryView): number {
  return compareSerialTo(a, b.source, b.serialStart, b.serialEnd);
}

/** The order of an entry's serial and the one whose content octets are `source[start, end)`: positive, shortest form. */
export function compareSerialTo(entry: EntryView, source: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const difference = entry.serialEnd - entry.serialStart - length;
  if (difference !== 0) return difference;
  for (let i = 0; i < length; i += 1) {
    const order = (entry.source[entry.serialStart + i] ?? 0) - (source[start + i] ?? 0);
    if (order !== 0) return order;
  }
  return 0;
}

/** 20 octets at most, the first of them 01 to 7f: nearly every serial there is. The others go the whole way. */
function assertSerial({ source, contentStart, end }: DerNode): void {
  const first = source[contentStart] ?? 0;
  const isOrdinary = first > 0 && first < 0x80 && end - contentStart <= 20;
  if (!isOrdinary) serialOfContent(source.subarray(contentStart, end));
}
