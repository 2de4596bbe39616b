import type { CertificateAuthority } from "@capstan/api";
import type { Command } from "../command.ts";
import { type ExitCode, PluginError, UsageError } from "../exit-code.ts";
import { dryRunFlag } from "../flags.ts";
import type { Invocation } from "../invocation.ts";
import { incomingGeneration, type Order } from "../operations/order.ts";
import { type OrderOptions, orderFlags } from "../operations/order-flags.ts";
import { placeOrder } from "../operations/place-order.ts";
import { showPlan } from "./show-plan.ts";

interface RotateOptions extends OrderOptions {
  readonly compromised?: boolean;
  readonly generation?: string;
}

/** `kubectl capstan rotate CA`. */
export const rotateCommand: Command<RotateOptions> = {
  name: "rotate",
  summary: "Replace the generation that signs",
  description:
    "Begins the next generation now: its root goes into every trust anchor beside the old one, and it signs once each was read back for the soak time. Nobody is refused meanwhile.\nWith --compromised the named generations are replaced at once: their roots leave the trust anchors without soak and drain, and all that they issued is issued anew.",
  argument: { notation: "<CA>", description: "name of the CertificateAuthority" },
  flags: [
    { long: "compromised", description: "treat the active generation, or those of --generation, as compromised" },
    { long: "generation", value: "N,…", description: "with --compromised: numbers of the compromised generations" },
    ...orderFlags({
      wait: "return when the new generation signs and, with --compromised, what is compromised is gone from AWS",
      timeout: "30m",
      dryRun: {
        ...dryRunFlag,
        alone: "client",
        description:
          "order nothing: show the plan with its dates and its calls to AWS; with server have the API server check the order",
      },
    }),
  ],
  examples: [
    "kubectl capstan rotate fleet --dry-run",
    "kubectl capstan rotate fleet --wait",
    "kubectl capstan rotate fleet --compromised --wait",
    "kubectl capstan rotate fleet --compromised --generation 3,4 --yes",
  ],
  run: rotate,
};

function rotate({ arguments: [authority = ""], options, context }: Invocation<RotateOptions>): Promise<ExitCode> {
  const { compromised = false, generation } = options;
  const named = generation === undefined ? undefined : parseGenerations(generation);
  if (named !== undefined && !compromised) {
    throw new UsageError("--generation says what is compromised: give --compromised with it");
  }
  const orderOf = (found: CertificateAuthority): Order | string =>
    compromised ? compromisedOrder(found, named) : rotateOrder(found);
  if (options.dryRun === "client") return showPlan(options, context, { name: authority, orderOf });
  return placeOrder(options, context, { authority, followsRotation: !compromised, orderOf });
}

function rotateOrder(authority: CertificateAuthority): Order | string {
  const { name } = authority.metadata;
  const incoming = incomingGeneration(authority);
  if (incoming !== undefined) return `Generation ${incoming.number} of ${name} is being introduced already.`;
  return { authority: name, kind: "Rotate" };
}

function compromisedOrder(
  { metadata: { name }, status }: CertificateAuthority,
  named: readonly number[] | undefined,
): Order {
  const { activeGeneration, generations = [] } = status ?? {};
  const compromised = named ?? (activeGeneration === undefined ? [] : [activeGeneration]);
  if (compromised.length === 0) {
    throw new PluginError(`no generation of ${name} signs: say with --generation which ones are compromised`);
  }
  const unknown = compromised.filter((number) => !generations.some((known) => known.number === number));
  if (unknown.length > 0) {
    const known = generations.map(({ number, phase }) => `${number} (${phase})`).join(", ");
    throw new PluginError(`${name} has no generation ${unknown.join(", ")}; it has ${known === "" ? "none" : known}`);
  }
  return { authority: name, kind: "Compromised", generations: [...compromised] };
}

/** @throws {UsageError} for what is no list of numbers from 1 on */
function parseGenerations(text: string): readonly number[] {
  const parts = text.split(",").map((part) => part.trim());
  const isList = parts.length <= 16 && parts.every((part) => /^[1-9][0-9]{0,8}$/.test(part));
  if (!isList) {
    throw new UsageError(
      `--generation: ${JSON.stringify(text)} is no list of generations: give up to 16 numbers, like 3 or 3,4`,
    );
  }
  return [...new Set(parts.map(Number))];
}
