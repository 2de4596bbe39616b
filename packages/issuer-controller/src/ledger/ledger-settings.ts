import { parseDuration } from "@capstan/api";
import type { Setting } from "@capstan/kube";

/** How long after its leaf's end a ledger record is kept, in milliseconds. */
export const ledgerRetentionSetting: Setting<number> = {
  flag: "ledger-retention",
  default: "24h",
  description:
    "How long the record of a leaf is kept after the leaf has expired, as a Go duration. Audit logs can be compared with the ledger for as long.",
  parse: (text) => {
    const retentionMs = parseDuration(text ?? "");
    if (retentionMs < 0) throw new Error(`${JSON.stringify(text ?? "")} is negative`);
    return retentionMs;
  },
};

export const ledgerLimitSetting: Setting<number> = {
  flag: "ledger-limit",
  // A hundred thousand were measured to take 3 GiB of each API server: see forecast-ledger.ts.
  default: "100000",
  description:
    "Records that the ledger takes at most. Beyond it expired ones go before their time; when none is left, requests wait.",
  parse: (text) => {
    const limit = Number(text);
    if (/^[0-9]+$/.test(text ?? "") && Number.isSafeInteger(limit) && limit >= 1) return limit;
    throw new Error(`${JSON.stringify(text ?? "")} is not a whole number from 1`);
  },
};
