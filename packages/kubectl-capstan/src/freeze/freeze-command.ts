import type { Command, FlagSpec } from "../command.ts";
import type { ExitCode } from "../exit-code.ts";
import type { Invocation } from "../invocation.ts";
import { type OrderOptions, orderFlags } from "../operations/order-flags.ts";
import type { OrderKind } from "../operations/order.ts";
import { placeOrder } from "../operations/place-order.ts";
import { trustAnchorOf } from "../operations/read-authority.ts";

interface FreezeOptions extends OrderOptions {
  readonly anchor?: string;
}

const anchorFlag = (description: string): FlagSpec => ({ long: "anchor", value: "NAME", description });

/** `kubectl capstan freeze CA`. */
export const freezeCommand: Command<FreezeOptions> = {
  name: "freeze",
  summary: "Hold issuing, or disable a trust anchor in AWS",
  description:
    "Holds the issuing of an authority until unfreeze: requests wait, certificates that are out stay valid, roots and CRLs are kept up.\nWith --anchor it disables that trust anchor in AWS instead: no certificate gets a new AWS session there, which is the fastest stop there is.",
  argument: { notation: "<CA>", description: "name of the CertificateAuthority" },
  flags: [
    anchorFlag("disable this trust anchor of spec.trustAnchors in AWS, and go on issuing"),
    ...orderFlags({
      wait: "return when the issuer has said that it stands still, or AWS that the trust anchor is disabled",
      timeout: "2m",
    }),
  ],
  examples: [
    "kubectl capstan freeze fleet --wait",
    "kubectl capstan freeze fleet --anchor prod --wait",
    "kubectl capstan freeze fleet --yes --wait --timeout 5m",
  ],
  run: (invocation) => order(invocation, { all: "Freeze", one: "DisableTrustAnchor" }),
};

/** `kubectl capstan unfreeze CA`. */
export const unfreezeCommand: Command<FreezeOptions> = {
  name: "unfreeze",
  summary: "Go on issuing, or enable a trust anchor in AWS again",
  description:
    "Takes back what freeze ordered: issuing goes on, and requests that wait are answered. With --anchor it enables that trust anchor in AWS again.\nWhat a compromised generation holds is not let go: that ends when its replacement is in every trust anchor.",
  argument: { notation: "<CA>", description: "name of the CertificateAuthority" },
  flags: [
    anchorFlag("enable this trust anchor of spec.trustAnchors in AWS"),
    ...orderFlags({ wait: "return when it is so", timeout: "2m" }),
  ],
  examples: ["kubectl capstan unfreeze fleet --wait", "kubectl capstan unfreeze fleet --anchor prod --wait"],
  run: (invocation) => order(invocation, { all: "Unfreeze", one: "EnableTrustAnchor" }),
};

function order(
  { arguments: [authority = ""], options, context }: Invocation<FreezeOptions>,
  kinds: { readonly all: OrderKind; readonly one: OrderKind },
): Promise<ExitCode> {
  const { anchor } = options;
  return placeOrder(options, context, {
    authority,
    orderOf: (found) => {
      if (anchor === undefined) return { authority, kind: kinds.all };
      return { authority, kind: kinds.one, trustAnchor: trustAnchorOf(found, anchor).name };
    },
  });
}
