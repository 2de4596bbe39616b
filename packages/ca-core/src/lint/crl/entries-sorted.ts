import { compareEntries } from "../../crl/read-entry.ts";
import type { CrlRule, FoundCrl } from "./rule.ts";

/** So that two lists can be compared, and a serial found, without reading all of them. */
export const entriesSorted: CrlRule<FoundCrl> = {
  name: "crl_entries_are_sorted",
  source: "Capstan's own form; RFC 5280, 5.1.2.6 leaves the order open",
  code: "ERR_CRL_PROFILE",
  faultOfEntry: (entry, previous) =>
    previous !== undefined && compareEntries(previous, entry) > 0 ? "it is not sorted by serial number" : undefined,
};
