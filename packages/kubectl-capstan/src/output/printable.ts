// C0, DEL, C1; direction overrides and isolates; line and paragraph separators.
const unsafe = /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Text of others made safe for a terminal: what could move the cursor, recolour or reorder the line is written as \uXXXX. */
export function printable(text: string): string {
  return text.replaceAll(unsafe, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
