import { createHash } from "node:crypto";

/** The time that every transcript is told to have been made at. */
const toldAt = Date.parse("2026-12-01T09:00:00Z");

const [second, minute, day] = [1_000, 60_000, 86_400_000];

/**
 * Replaces what differs in each run of the same commands by what does not, so that a second run prints the same text: times,
 * ages, serial numbers, fingerprints, CRL numbers, uids and generated names. Columns of tables are aligned anew. The same
 * value is replaced by the same one as long as the instance is kept.
 *
 * @example
 * new SteadyText().steady("Read:   2031-05-06T07:08:09Z", Date.parse("2031-05-06T07:08:09Z")); // "Read:   2026-12-01T09:00:00Z"
 */
export class SteadyText {
  readonly #told = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  /** @param madeAt when the text was printed, in milliseconds since 1970 */
  steady(text: string, madeAt: number): string {
    const begun = firstTime(text, madeAt);
    const replace = (part: string): string => this.#replace(part, begun);
    const lines = text.split("\n");
    const made: string[] = [];
    for (let at = 0; at < lines.length;) {
      const table = tableAt(lines, at);
      if (table.length === 0) made.push(replace(lines[at++] ?? ""));
      else {
        made.push(...align(table.map((row) => row.map(replace))));
        at += table.length;
      }
    }
    return made.join("\n");
  }

  #replace(text: string, begun: number): string {
    const times = text.replaceAll(timeOrDay, (time) => {
      const at = Date.parse(time);
      // The version of a policy's grammar is no date.
      if (at < begun - 3 * 365 * day) return time;
      return time.includes("T") ? steadyTime(at, begun) : steadyDay(at, begun);
    });
    // An age in seconds says how fast the machine was.
    const ages = times.replaceAll(/\b\d+s ago\b/g, "30s ago");
    return kinds.reduce((said, { kind, pattern, make }) => {
      return said.replaceAll(pattern, (value) => this.#tell(kind, value, make));
    }, ages);
  }

  #tell(kind: string, value: string, make: (index: number) => string): string {
    const known = this.#told.get(value);
    if (known !== undefined) return known;
    const index = this.#counts.get(kind) ?? 0;
    this.#counts.set(kind, index + 1);
    const told = make(index);
    this.#told.set(value, told);
    // What stands in a command is replaced before what it prints, and may be met again in the same text.
    this.#told.set(told, told);
    return told;
  }
}

interface Kind {
  readonly kind: string;
  readonly pattern: RegExp;
  /** A value of the same length that looks like one. */
  readonly make: (index: number) => string;
}

const kinds: readonly Kind[] = [
  {
    kind: "uid",
    pattern: /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g,
    make: (index) =>
      hex("uid", index, 32).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, (_, ...[a, b, c, d, e]: string[]) =>
        [a, b, `4${c}`, `a${d}`, e].join("-"),
      ),
  },
  { kind: "serial", pattern: /\b[0-9a-f]{32}\b/g, make: (index) => hex("serial", index, 32) },
  // Not such as consist of digits alone.
  { kind: "root", pattern: /\b(?=\d*[a-f])[0-9a-f]{16}\b/g, make: (index) => hex("root", index, 16) },
  { kind: "crl", pattern: /\b1[78]\d{11}\b/g, make: (index) => String(toldAt + index * 20 * second + 1) },
  {
    kind: "generated name",
    pattern: /(?<=\b(?:web|fleet-compromised)-)[bcdfghjklmnpqrstvwxz2456789]{5}\b/g,
    make: (index) => ["7x2kq", "m4zfd", "c9w5t", "h8vbn"][index] ?? "r2l6p",
  },
];

function hex(kind: string, index: number, length: number): string {
  return createHash("sha256").update(`${kind} ${index}`).digest("hex").slice(0, length);
}

const timeOrDay = /\b\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\dZ)?/g;

/** When the command read what it prints: a plan counts from then. */
function firstTime(text: string, madeAt: number): number {
  const times = (text.match(timeOrDay) ?? []).filter((time) => time.includes("T")).map((time) => Date.parse(time));
  const [first = madeAt] = times
    .filter((time) => time >= madeAt - second && time < madeAt + minute)
    .toSorted((a, b) => a - b);
  return first;
}

/** Within a minute of the reading to the second, else to the minute, and to five of them when it is more than an hour away. */
function steadyTime(time: number, begun: number): string {
  const away = time - begun;
  const grid = Math.abs(away) < minute ? second : Math.abs(away) < 60 * minute ? minute : 5 * minute;
  return `${new Date(toldAt + Math.round(away / grid) * grid).toISOString().slice(0, 19)}Z`;
}

function steadyDay(start: number, begun: number): string {
  const days = Math.round(start / day) - Math.floor(begun / day);
  return new Date(toldAt + days * day).toISOString().slice(0, 10);
}

const gap = "   ";
const header = /^[A-Z][A-Z0-9 :-]*(?: {3,}[A-Z][A-Z0-9 :-]*)+$/;

/** Cells of the table that begins at this line, its header first; empty when none does. */
function tableAt(lines: readonly string[], from: number): readonly (readonly string[])[] {
  const head = lines[from] ?? "";
  if (!header.test(head)) return [];
  const starts = [0, ...[...head.matchAll(/ {3,}(?=\S)/g)].map(({ index, 0: spaces }) => index + spaces.length)];
  const rows: string[][] = [];
  for (const line of lines.slice(from)) {
    if (!starts.every((start) => start === 0 || line.slice(start - gap.length, start) === gap)) break;
    rows.push(starts.map((start, column) => line.slice(start, starts[column + 1]).trimEnd()));
  }
  return rows;
}

function align(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join(gap)
      .trimEnd(),
  );
}
