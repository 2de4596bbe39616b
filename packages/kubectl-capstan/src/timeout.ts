import { DurationError, parseDuration } from "@capstan/api";
import { UsageError } from "./exit-code.ts";

/**
 * Milliseconds of a `--timeout`, like "90s" or "2m".
 *
 * @throws {UsageError} for what is no duration, and for one that is not over 0s
 */
export function parseTimeout(text: string): number {
  try {
    const milliseconds = parseDuration(text);
    if (milliseconds > 0) return milliseconds;
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw new UsageError(`--timeout: ${error.message}`, { cause: error });
  }
  throw new UsageError(`--timeout: ${text} is no time to wait: give more than 0s`);
}
