import { reasonOfCode } from "../../crl/entry-bytes.ts";
import type { CrlRule, FoundCrl } from "./rule.ts";

/** unspecified is left out; certificateHold can be undone, removeFromCRL is for delta CRLs, 2, 3 and 10 are for CAs. */
export const reasonCode: CrlRule<FoundCrl> = {
  name: "crl_has_valid_reason_code",
  source: "RFC 5280, 5.3.1",
  code: "ERR_CRL_PROFILE",
  faultOfEntry: ({ reasonCode: code }) =>
    code === undefined || reasonOfCode(code) !== undefined
      ? undefined
      : `reason code ${code} is none that a leaf can have and that is written`,
};
