import { crlToKeep } from "@capstan/ca-core";
import type { FoundCrl } from "./read-anchor.ts";

export type CrlSlotPlan =
  | { readonly do: "import" }
  | { readonly do: "update"; readonly id: string }
  | { readonly do: "enable"; readonly id: string }
  | { readonly do: "nothing" };

/**
 * Decides how a generation's CRL gets into its trust anchor. A CRL is found again by its name, so an import that was cut
 * off is not repeated: an anchor has room for two CRLs. Where there are two of the name all the same, it is the one that the planner
 * keeps. An update neither enables a CRL nor disables it.
 *
 * @param slots the CRLs of the anchor
 * @param sha256 of the CRL that it is to have, lower-case hex
 */
export function planCrlSlot(slots: readonly FoundCrl[], awsName: string, sha256: string): CrlSlotPlan {
  const slot = crlToKeep(
    slots
      .filter(({ name }) => name === awsName)
      .map(({ id, enabled, content }) => ({
        id,
        enabled,
        number: content?.number ?? 0n,
        current: content?.sha256 === sha256,
      })),
  );
  if (slot === undefined) return { do: "import" };
  const { id, current, enabled } = slot;
  if (!current) return { do: "update", id };
  return enabled ? { do: "nothing" } : { do: "enable", id };
}
