import { compareSerialTo } from "../../crl/read-entry.ts";
import type { CrlRule } from "./rule.ts";

/** A root is not revoked by its own CRL: it leaves the trust anchors. */
export const rootSerial: CrlRule = {
  name: "crl_does_not_list_its_issuer",
  source: "RFC 5280, 3.3",
  code: "ERR_CRL_ENTRY_ROOT",
  faultOfEntry: (entry, _, crl) =>
    compareSerialTo(entry, crl.rootSerial, 0, crl.rootSerial.length) === 0 ? "it is the root itself" : undefined,
};
