import { printable } from "../output/printable.ts";

/**
 * One line of CSV (RFC 4180) with LF at its end, as PostgreSQL and pandas write it. Texts of others are in it: control
 * characters are made visible, and what a spreadsheet would take for a formula begins with an apostrophe.
 *
 * @example csvLine(["web", 'a "b"', 1]) // 'web,"a ""b""",1\n'
 */
export function csvLine(fields: readonly (string | number)[]): string {
  return `${fields.map((field) => csvField(String(field))).join(",")}\n`;
}

function csvField(text: string): string {
  const shown = printable(text);
  const safe = /^[=+\-@]/.test(shown) ? `'${shown}` : shown;
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
