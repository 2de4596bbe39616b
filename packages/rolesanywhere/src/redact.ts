/** Enough for AWS's longest useful message: who may not do what on which ARN. */
const maxCharacters = 500;

/**
 * A foreign message made fit for logs and statuses: one line, at most 500 characters, PEM and long base64 runs taken
 * out. AWS repeats refused input, a whole bundle for one (spiffe/spire, pull request 5048).
 */
export function redactMessage(message: string): string {
  const line = message
    .replaceAll(/-----BEGIN [\s\S]*?(?:-----END [^\r\n-]*-----|$)/gu, "[PEM removed]")
    .replaceAll(/[A-Za-z0-9+/=]{80,}/gu, "[data removed]")
    // Cc also covers the escapes that would repaint a terminal, U+2028 and U+2029 break lines.
    .replaceAll(/[\p{Cc}\u2028\u2029\s]+/gu, " ")
    .trim();
  return line.length > maxCharacters ? `${line.slice(0, maxCharacters - 1)}…` : line;
}
