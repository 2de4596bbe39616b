import {
  type CertificateAuthority,
  defaultNamespace,
  type GenerationMark,
  generationMarkResource,
  parseDuration,
} from "@capstan/api";
import type { Operation } from "@capstan/ca-core";
import type { KubeClient } from "@capstan/kube";
import { stringify } from "yaml";
import { checkNamespace, withCluster } from "../cluster.ts";
import { exitCode, type ExitCode, UsageError } from "../exit-code.ts";
import { missingRight } from "../explain-error.ts";
import type { PluginContext } from "../invocation.ts";
import type { Order } from "../operations/order.ts";
import type { OrderOptions } from "../operations/order-flags.ts";
import { readAuthority } from "../operations/read-authority.ts";
import { forecastRotation } from "./forecast-rotation.ts";
import { observeAuthority } from "./observe-authority.ts";
import { planDocument, renderPlan } from "./render-forecast.ts";

/** Shows what would come of an order, and orders nothing. Needs the right to read the authority and, for exact dates, its marks. */
export function showPlan(
  options: Pick<OrderOptions, "context" | "kubeconfig" | "capstanNamespace" | "output" | "wait">,
  context: PluginContext,
  asked: { readonly name: string; readonly orderOf: (authority: CertificateAuthority) => Order | string },
): Promise<ExitCode> {
  const { capstanNamespace = defaultNamespace, output, wait = false } = options;
  checkNamespace("--capstan-namespace", capstanNamespace);
  if (wait) throw new UsageError("--wait and --dry-run clash: a dry run orders nothing that could be waited for");
  if (output === "name") throw new UsageError("-o name and --dry-run clash: a plan is no object");
  const { terminal, clock } = context;
  return withCluster(options, context, async ({ client }) => {
    const authority = await readAuthority(client, asked.name);
    const order = asked.orderOf(authority);
    const marks = await readMarks(client, capstanNamespace, asked.name);
    if (typeof marks === "string") {
      terminal.err(`note: drains are shown as long as they can be at most. ${marks}\n`);
    }
    const now = clock.now();
    const known = { authority, marks: typeof marks === "string" ? undefined : marks, now };
    if (typeof order === "string") terminal.err(`${order} This is how it goes on:\n`);
    const operation = operationOf(order);
    const forecast = forecastRotation(observeAuthority(known, operation), parseDuration(authority.spec.rootDuration));
    const plan = planDocument(forecast, asked.name, now);
    if (output === "json") terminal.out(`${JSON.stringify(plan, undefined, 4)}\n`);
    else if (output === "yaml") terminal.out(stringify(plan, { lineWidth: 0 }));
    else terminal.out(renderPlan(plan, { isWide: false, hasColor: terminal.hasColor }));
    return exitCode.done;
  });
}

/** As the publisher will know it. Where a rotation is under way already, ordering another one changes nothing. */
function operationOf(order: Order | string): Operation {
  if (typeof order === "string" || order.kind !== "Compromised") return { name: "this", kind: "Rotate" };
  return { name: "this", kind: "Compromised", generations: order.generations ?? [] };
}

/** The marks, or the right that is missing. */
async function readMarks(
  client: KubeClient,
  namespace: string,
  authority: string,
): Promise<readonly GenerationMark[] | string> {
  try {
    const { items } = await client.listAll<GenerationMark>(generationMarkResource, { namespace });
    return items.filter(({ spec }) => spec.authority === authority);
  } catch (error) {
    const refusal = missingRight(error);
    if (refusal === undefined) throw error;
    return refusal;
  }
}
