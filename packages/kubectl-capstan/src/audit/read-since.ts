import { DurationError, parseDuration } from "@capstan/api";
import { UsageError } from "../exit-code.ts";

const rfc3339 = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?$/;

/**
 * Milliseconds since 1970 of a `--since`: a day or a time (RFC 3339; a day begins in UTC), or how long ago it was.
 *
 * @throws {UsageError} for what is neither
 *
 * @example readSince("24h", Date.parse("2026-11-22T10:00:00Z")) // 2026-11-21T10:00:00Z
 */
export function readSince(text: string, now: number): number {
  if (rfc3339.test(text)) {
    const time = Date.parse(text);
    if (!Number.isNaN(time)) return time;
  }
  try {
    return now - parseDuration(text);
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw new UsageError(
      `--since: ${JSON.stringify(text)} is neither a time like 2026-11-22 or 2026-11-22T10:00:00Z, nor how long ago it was, like 24h`,
      { cause: error },
    );
  }
}
