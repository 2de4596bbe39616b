import { DurationError, parseDuration } from "@capstan/api";
import type { FlagSpec } from "./command.ts";
import { UsageError } from "./exit-code.ts";

/** The issuer controller's setting, which its pods alone tell: whoever may read the ledger alone has to be told. */
export const ledgerRetentionFlag: FlagSpec = {
  long: "ledger-retention",
  value: "DURATION",
  description: "how long the issuer controller keeps expired records, as its flag of this name says",
  default: "24h",
};

/** Milliseconds of {@link ledgerRetentionFlag}. @throws {UsageError} for what is no duration, and for a negative one */
export function parseLedgerRetention(text = "24h"): number {
  try {
    const milliseconds = parseDuration(text);
    if (milliseconds >= 0) return milliseconds;
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw new UsageError(`--ledger-retention: ${error.message}`, { cause: error });
  }
  throw new UsageError(`--ledger-retention: ${text} is negative`);
}
