import { compareEntries } from "../../crl/read-entry.ts";
import type { CrlRule, FoundCrl } from "./rule.ts";

/** In a sorted list the same serials stand side by side. */
export const serialsUnique: CrlRule<FoundCrl> = {
  name: "crl_serials_are_unique",
  source: "RFC 5280, 5.1.2.6",
  code: "ERR_CRL_PROFILE",
  faultOfEntry: (entry, previous) =>
    previous !== undefined && compareEntries(previous, entry) === 0 ? "the serial is listed twice" : undefined,
};
