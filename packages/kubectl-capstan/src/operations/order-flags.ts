import { defaultNamespace } from "@capstan/api";
import { checkNamespace } from "../cluster.ts";
import type { FlagSpec } from "../command.ts";
import { UsageError } from "../exit-code.ts";
import {
  capstanNamespaceFlag,
  type ConnectionOptions,
  connectionFlags,
  dryRunFlag,
  objectOutputFlag,
  timeoutFlag,
  yesFlag,
} from "../flags.ts";
import { isObjectFormat, type ObjectFormat } from "../output/objects.ts";
import { parseTimeout } from "../timeout.ts";

/** Flags that every order has, as parsed. */
export interface OrderOptions extends ConnectionOptions {
  readonly capstanNamespace?: string;
  readonly wait?: boolean;
  readonly timeout?: string;
  readonly yes?: boolean;
  readonly dryRun?: string;
  readonly output?: string;
}

/** How an order is to be placed, checked before anything is sent. */
export interface OrderSettings {
  readonly capstanNamespace: string;
  readonly dryRun: "client" | "server" | undefined;
  readonly wait: { readonly timeout: string; readonly timeoutMs: number } | undefined;
  /** Nobody is to be asked. */
  readonly isConfirmed: boolean;
  /** Undefined for one line in words. */
  readonly format: ObjectFormat | undefined;
}

/** Where the orders stand. */
export const ordersNamespaceFlag: FlagSpec = {
  ...capstanNamespaceFlag,
  description: "where Capstan runs, and takes its orders",
};

export function orderFlags(options: {
  readonly wait: string;
  readonly timeout: string;
  readonly dryRun?: FlagSpec;
}): readonly FlagSpec[] {
  return [
    { long: "wait", description: options.wait },
    timeoutFlag("how long --wait waits, like 90s or 2m", options.timeout),
    yesFlag,
    options.dryRun ?? dryRunFlag,
    objectOutputFlag("AuthorityOperation"),
    ordersNamespaceFlag,
    ...connectionFlags,
  ];
}

/** @throws {UsageError} naming the flag at fault */
export function readOrderSettings(
  options: OrderOptions,
  { isInteractive }: { readonly isInteractive: boolean },
): OrderSettings {
  const { capstanNamespace = defaultNamespace, wait = false, yes = false, timeout = "", output } = options;
  const dryRun = options.dryRun === "client" || options.dryRun === "server" ? options.dryRun : undefined;
  checkNamespace("--capstan-namespace", capstanNamespace);
  const timeoutMs = parseTimeout(timeout);
  if (wait && dryRun !== undefined) {
    throw new UsageError("--wait and --dry-run clash: a dry run orders nothing that could be waited for");
  }
  if (!yes && dryRun === undefined && !isInteractive) {
    throw new UsageError("this changes what a certificate authority does and nobody can be asked here: add --yes");
  }
  return {
    capstanNamespace,
    dryRun,
    wait: wait ? { timeout, timeoutMs } : undefined,
    isConfirmed: yes || dryRun !== undefined,
    format: isObjectFormat(output) ? output : undefined,
  };
}
