/** A CRL as AWS holds it. */
export interface CrlSlot {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly trustAnchorArn: string;
  readonly der: Uint8Array;
}

export type CrlSlotPlan =
  | { readonly do: "import" }
  | { readonly do: "update"; readonly id: string }
  | { readonly do: "enable"; readonly id: string }
  | { readonly do: "nothing"; readonly id: string }
  | { readonly do: "wait"; readonly message: string };

/**
 * Decides how a generation's CRL gets into its trust anchor. A CRL is found again by its name and anchor, so an import
 * that was cut off is not repeated: an anchor has room for two CRLs.
 */
export function planCrlSlot(input: {
  readonly awsName: string;
  readonly trustAnchorArn: string;
  readonly wanted: Uint8Array;
  readonly slots: readonly CrlSlot[];
}): CrlSlotPlan {
  const own = input.slots.filter(
    ({ trustAnchorArn, name }) => trustAnchorArn === input.trustAnchorArn && name === input.awsName,
  );
  const [slot, ...others] = own;
  if (slot === undefined) return { do: "import" };
  if (others.length > 0) {
    return {
      do: "wait",
      message: `${own.length} CRLs of ${input.trustAnchorArn} are named ${input.awsName}; delete all but one in AWS`,
    };
  }
  if (!sameBytes(slot.der, input.wanted)) return { do: "update", id: slot.id };
  return slot.enabled ? { do: "nothing", id: slot.id } : { do: "enable", id: slot.id };
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
