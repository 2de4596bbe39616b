import { printable } from "./printable.ts";

/** What a cell's colour says; without colour nothing is lost. */
export type Tone = "good" | "bad";

export type Cell = string | { readonly text: string; readonly tone: Tone };

/** A column's title and meaning never change: scripts and people rely on them. */
export interface Column<T> {
  readonly title: string;
  /** Shown with `-o wide` alone. */
  readonly isWide?: boolean;
  readonly cell: (item: T) => Cell;
}

export interface TableStyle {
  readonly isWide: boolean;
  readonly hasColor: boolean;
}

const gap = "   ";
const codes: Readonly<Record<Tone, string>> = { good: "\u001B[32m", bad: "\u001B[31m" };
const reset = "\u001B[0m";

/** Lines of a table as kubectl prints it. An empty cell is shown as `-`, so that columns can be counted. */
export function renderTable<T>(columns: readonly Column<T>[], items: readonly T[], style: TableStyle): string {
  const shown = columns.filter((column) => style.isWide || column.isWide !== true);
  const rows: readonly (readonly Cell[])[] = [
    shown.map(({ title }) => title),
    ...items.map((item) => shown.map((column) => column.cell(item))),
  ];
  const widths = shown.map((_, index) => Math.max(...rows.map((row) => lengthOf(textOf(row[index] ?? "")))));
  return rows
    .map((row) => {
      const cells = row.map((cell, index) => {
        const isLast = index === row.length - 1;
        return paint(cell, style.hasColor) + (isLast ? "" : padding(cell, widths[index] ?? 0));
      });
      return `${cells.join(gap)}\n`;
    })
    .join("");
}

/** The cell's text, in its colour if there is to be any. */
export function paint(cell: Cell, hasColor: boolean): string {
  if (typeof cell === "string" || !hasColor) return textOf(cell);
  return `${codes[cell.tone]}${textOf(cell)}${reset}`;
}

function textOf(cell: Cell): string {
  const text = typeof cell === "string" ? cell : cell.text;
  return text === "" ? "-" : printable(text);
}

function padding(cell: Cell, width: number): string {
  return " ".repeat(width - lengthOf(textOf(cell)));
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}
