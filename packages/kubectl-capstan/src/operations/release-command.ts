import type { Command } from "../command.ts";
import { PluginError, UsageError } from "../exit-code.ts";
import { type OrderOptions, orderFlags } from "./order-flags.ts";
import { placeOrder } from "./place-order.ts";

interface ReleaseOptions extends OrderOptions {
  readonly aws?: string;
}

const outcomes = { keep: "Keep", delete: "Delete" } as const;

/** `kubectl capstan release CA`. */
export const releaseCommand: Command<ReleaseOptions> = {
  name: "release",
  summary: "Let an authority that is being deleted go, before its certificates have ended",
  description:
    "A deleted CertificateAuthority stays until nothing that it has issued can be valid. This lets it go before, and says what becomes of its trust anchors in AWS.",
  argument: { notation: "<CA>", description: "name of the CertificateAuthority" },
  flags: [
    {
      long: "aws",
      value: "WHAT",
      description: "keep leaves AWS as it is; delete takes away the trust anchors that Capstan created, and their CRLs",
      choices: Object.keys(outcomes),
    },
    ...orderFlags({ wait: "return when the authority is gone", timeout: "5m" }),
  ],
  examples: [
    "kubectl delete certificateauthority fleet --wait=false && kubectl capstan release fleet --aws keep --wait",
    "kubectl capstan release fleet --aws delete --wait",
  ],
  run: ({ arguments: [authority = ""], options, context }) => {
    const { aws } = options;
    if (aws !== "keep" && aws !== "delete") throw new UsageError("say what becomes of AWS: --aws keep or --aws delete");
    return placeOrder(options, context, {
      authority,
      orderOf: ({ metadata }) => {
        if (metadata.deletionTimestamp !== undefined) return { authority, kind: "Release", aws: outcomes[aws] };
        throw new PluginError(
          `CertificateAuthority ${authority} is not being deleted: kubectl delete certificateauthority ${authority} --wait=false, then this again`,
        );
      },
    });
  },
};
