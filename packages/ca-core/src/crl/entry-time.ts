import type { DerNode } from "../der/read.ts";
import { readTime } from "../der/time.ts";
import { time } from "../der/write.ts";

const DAY_MS = 86_400_000;
/** HHMMSSZ: the end of both forms of a time (RFC 5280, 4.1.2.5). */
const CLOCK_OCTETS = 7;
const ZERO = 0x30;
const Z = 0x5a;

/**
 * Writes the times of many entries. Their form is `time`'s, which is asked once for each day: within a day only the six
 * digits of the clock differ.
 */
export class EntryTimeWriter {
  /** The Time of each midnight, by days since 1970. */
  readonly #midnights = new Map<number, Uint8Array>();

  /** Writes a Time into `out` at `at` and returns where it ends. @throws RangeError as `time` does */
  write(date: Date, out: Uint8Array, at: number): number {
    const instant = date.getTime();
    const day = Math.floor(instant / DAY_MS);
    let midnight = this.#midnights.get(day);
    if (midnight === undefined) {
      midnight = time(new Date(day * DAY_MS));
      this.#midnights.set(day, midnight);
    }
    for (let i = 0; i < midnight.length; i += 1) out[at + i] = midnight[i] ?? 0;
    const end = at + midnight.length;
    const second = Math.floor((instant - day * DAY_MS) / 1000);
    writeTwoDigits(out, end - 7, Math.floor(second / 3600));
    writeTwoDigits(out, end - 5, Math.floor(second / 60) % 60);
    writeTwoDigits(out, end - 3, second % 60);
    return end;
  }
}

/**
 * Reads the times of many entries. Their rules are `readTime`'s, which is asked once for each day, and for all that has
 * no ordinary clock.
 */
export class EntryTimeReader {
  /** Milliseconds since 1970 of each midnight that `readTime` has taken, by the date's digits as a number. */
  readonly #midnights = new Map<number, number>();

  /** Milliseconds since 1970. @throws DerError ERR_DER_TIME */
  read(node: DerNode): number {
    const { source, contentStart, end } = node;
    const clockMs = clockMsAt(source, end - CLOCK_OCTETS);
    const date = dateDigitsAt(source, contentStart, end - CLOCK_OCTETS) * 256 + node.tag;
    const midnight = this.#midnights.get(date);
    if (midnight !== undefined && clockMs >= 0) return midnight + clockMs;
    const instant = readTime(node).getTime();
    this.#midnights.set(date, instant - clockMs);
    return instant;
  }
}

function writeTwoDigits(out: Uint8Array, at: number, value: number): void {
  out[at] = ZERO + Math.floor(value / 10);
  out[at + 1] = ZERO + (value % 10);
}

/** YYMMDD or YYYYMMDD as a number behind a 1, which keeps the two apart; NaN when there is anything but digits. */
function dateDigitsAt(source: Uint8Array, start: number, end: number): number {
  let value = 1;
  for (let at = start; at < end; at += 1) value = value * 10 + digitAt(source, at);
  return value;
}

/** Milliseconds of HHMMSSZ; NaN when that is not what stands there. */
function clockMsAt(source: Uint8Array, at: number): number {
  const hour = digitAt(source, at) * 10 + digitAt(source, at + 1);
  const minute = digitAt(source, at + 2) * 10 + digitAt(source, at + 3);
  const second = digitAt(source, at + 4) * 10 + digitAt(source, at + 5);
  const isClock = hour < 24 && minute < 60 && second < 60 && source[at + 6] === Z;
  return isClock ? (hour * 3600 + minute * 60 + second) * 1000 : Number.NaN;
}

function digitAt(source: Uint8Array, at: number): number {
  const digit = (source[at] ?? 0) - ZERO;
  return digit >= 0 && digit <= 9 ? digit : Number.NaN;
}
