import type { Command } from "../command.ts";
import { PluginError } from "../exit-code.ts";
import { incomingGeneration } from "./order.ts";
import { type OrderOptions, orderFlags } from "./order-flags.ts";
import { placeOrder } from "./place-order.ts";

/** `kubectl capstan abandon CA`. */
export const abandonCommand: Command<OrderOptions> = {
  name: "abandon",
  summary: "Give up the generation that is being introduced",
  description:
    "Gives up the generation that is being introduced, for example since a trust anchor cannot take its root; the active one goes on signing. Once the new generation signs there is no way back: rotate again.",
  argument: { notation: "<CA>", description: "name of the CertificateAuthority" },
  flags: orderFlags({ wait: "return when it is being given up", timeout: "2m" }),
  examples: ["kubectl capstan abandon fleet --wait"],
  run: ({ arguments: [authority = ""], options, context }) =>
    placeOrder(options, context, {
      authority,
      orderOf: (found) => {
        if (incomingGeneration(found) !== undefined) return { authority, kind: "Abandon" };
        const given = found.status?.generations?.find(
          ({ phase, abandoning }) => abandoning === true && (phase === "Pending" || phase === "Published"),
        );
        if (given !== undefined) return `Generation ${given.number} of ${authority} is being given up already.`;
        throw new PluginError(
          `no generation of ${authority} is being introduced; after the switch there is only a further one: kubectl capstan rotate ${authority}`,
        );
      },
    }),
};
