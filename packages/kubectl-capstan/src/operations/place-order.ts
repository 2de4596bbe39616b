import { type AuthorityOperation, authorityOperationResource, type CertificateAuthority } from "@capstan/api";
import { collectionPath, isOutcomeUnknown, type KubeClient, type NewObject } from "@capstan/kube";
import { withCluster } from "../cluster.ts";
import { exitCode, type ExitCode, PluginError } from "../exit-code.ts";
import type { PluginContext } from "../invocation.ts";
import { formatObjects, objectName, type PrintedObject } from "../output/objects.ts";
import { readOwnUserName } from "../revoke/create-revocation.ts";
import { confirmOrder } from "./confirm-order.ts";
import { explainFailure, followOperation } from "./follow-operation.ts";
import { findEqualOperation, newOperation, type Order } from "./order.ts";
import { type OrderOptions, type OrderSettings, readOrderSettings } from "./order-flags.ts";
import { readAuthority } from "./read-authority.ts";

/** One command's part in placing an order. */
export interface OrderPlan {
  readonly authority: string;
  /** What to order of the authority as it is, or a sentence why nothing is to be ordered. */
  readonly orderOf: (authority: CertificateAuthority, tools: OrderTools) => Order | string | Promise<Order | string>;
  /** `--wait` follows the rotation until the new generation signs. Default false. */
  readonly followsRotation?: boolean;
}

export interface OrderTools {
  readonly client: KubeClient;
  readonly settings: OrderSettings;
  readonly context: PluginContext;
}

/**
 * Orders something of an authority: asks, creates the AuthorityOperation unless one under way says the same, and follows it.
 *
 * @throws {UsageError} for flags that cannot be meant
 * @throws {PluginError} for what cannot be ordered
 */
export function placeOrder(options: OrderOptions, context: PluginContext, plan: OrderPlan): Promise<ExitCode> {
  const settings = readOrderSettings(options, context.terminal);
  return withCluster(options, context, async ({ client }) => {
    const authority = await readAuthority(client, plan.authority);
    const tools: OrderTools = { client, settings, context };
    const order = await plan.orderOf(authority, tools);
    if (typeof order === "string") {
      context.terminal.err(`${order}\n`);
      show(authority, "unchanged", tools);
      return follow(undefined, authority, plan, tools);
    }
    const namespace = settings.capstanNamespace;
    const { items } = await client.listAll<AuthorityOperation>(authorityOperationResource, { namespace });
    const equal = findEqualOperation(items, order);
    if (equal !== undefined) {
      show(equal, "unchanged", tools);
      return follow(equal, authority, plan, tools);
    }
    if (!settings.isConfirmed && !(await confirmOrder(context.terminal, order, authority))) {
      context.terminal.err("Nothing was ordered.\n");
      return exitCode.failed;
    }
    const wanted = newOperation(order, { namespace, requestedBy: await readOwnUserName(client) });
    if (settings.dryRun === "client") {
      show(wanted, "created (dry run)", tools);
      return exitCode.done;
    }
    const created = await createOperation(client, wanted, settings);
    if (settings.dryRun === "server") {
      show(created, "created (server dry run)", tools);
      return exitCode.done;
    }
    show(created, "created", tools);
    return follow(created, authority, plan, tools);
  });
}

/** One line now; as an object it is printed once, in the end or when nothing is followed. */
function show(object: PrintedObject, verb: string, { settings, context: { terminal } }: OrderTools): void {
  if (settings.format === undefined) terminal.out(`${objectName(object)} ${verb}\n`);
  else if (settings.wait === undefined) terminal.out(formatObjects(settings.format, [object]));
}

async function follow(
  operation: AuthorityOperation | undefined,
  authority: CertificateAuthority,
  { followsRotation = false }: OrderPlan,
  { client, settings, context }: OrderTools,
): Promise<ExitCode> {
  const { terminal, clock } = context;
  const { wait, format } = settings;
  if (wait === undefined || settings.dryRun !== undefined) {
    if (operation !== undefined && settings.dryRun === undefined) {
      const { name, namespace = "" } = operation.metadata;
      terminal.err(`The crl-publisher carries it out: kubectl get authorityoperation ${name} -n ${namespace}\n`);
    }
    return exitCode.done;
  }
  const tell = (line: string): void => terminal.err(`${line}\n`);
  const { timeoutMs, timeout } = wait;
  const followed = await followOperation(operation, { client, clock, timeoutMs, authority, followsRotation, tell });
  if (format !== undefined) terminal.out(formatObjects(format, [followed.operation ?? authority]));
  const failure = explainFailure(followed, { authority: authority.metadata.name, timeout });
  if (failure === undefined) return exitCode.done;
  terminal.err(`error: ${failure}\n`);
  return exitCode.failed;
}

/** With a server dry run the API server checks everything, admission included, and stores nothing. */
async function createOperation(
  client: KubeClient,
  operation: NewObject<AuthorityOperation>,
  { dryRun }: OrderSettings,
): Promise<AuthorityOperation> {
  try {
    return await client.request<AuthorityOperation>({
      method: "POST",
      path: collectionPath(authorityOperationResource, operation.metadata.namespace),
      query: { dryRun: dryRun === "server" ? "All" : undefined },
      body: operation,
    });
  } catch (error) {
    if (dryRun !== undefined || !isOutcomeUnknown(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new PluginError(
      `it is not known whether the AuthorityOperation was created (${reason}): run the command again, it follows the one that was`,
      { cause: error },
    );
  }
}
