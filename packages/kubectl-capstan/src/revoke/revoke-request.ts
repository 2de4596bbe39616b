import { defaultNamespace } from "@capstan/api";
import { checkNamespace } from "../cluster.ts";
import { UsageError } from "../exit-code.ts";
import type { ConnectionOptions } from "../flags.ts";
import { parseTimeout } from "../timeout.ts";
import { isRevocationReason, type RevocationReason } from "./revocation.ts";
import { readSelection, type Selection, type SelectionOptions } from "./selection.ts";

/** The flags of `revoke` as parsed. */
export interface RevokeOptions extends ConnectionOptions, SelectionOptions {
  readonly namespace?: string;
  readonly capstanNamespace?: string;
  readonly reason?: string;
  readonly reissue?: boolean;
  readonly endSessions?: boolean;
  readonly wait?: boolean;
  readonly timeout?: string;
  readonly yes?: boolean;
  readonly dryRun?: string;
  readonly output?: string;
}

/** What `revoke` is asked to do, checked before anything is sent. */
export interface RevokeRequest {
  readonly selection: Selection;
  /** Undefined when none was given: then any reason of an equal Revocation will do. */
  readonly reason: RevocationReason | undefined;
  readonly capstanNamespace: string;
  /** What holds the certificates is to get others. */
  readonly reissue: boolean;
  /** The policy that ends open sessions is to be printed, in the place of all else on standard output. */
  readonly endSessions: boolean;
  readonly dryRun: "client" | "server" | undefined;
  readonly wait: { readonly timeout: string; readonly timeoutMs: number } | undefined;
  /** Nobody is to be asked. */
  readonly isConfirmed: boolean;
}

/** @throws {UsageError} naming the flag or target at fault */
export function readRevokeRequest(
  targets: readonly string[],
  options: RevokeOptions,
  { isInteractive }: { readonly isInteractive: boolean },
): RevokeRequest {
  const { capstanNamespace = defaultNamespace, wait = false, yes = false, timeout = "", reason, output } = options;
  const { reissue = false, endSessions = false } = options;
  const dryRun = options.dryRun === "client" || options.dryRun === "server" ? options.dryRun : undefined;
  checkNamespace("--capstan-namespace", capstanNamespace);
  const timeoutMs = parseTimeout(timeout);
  const selection = readSelection(targets, options);
  if (wait && dryRun !== undefined) {
    throw new UsageError("--wait and --dry-run clash: a dry run revokes nothing that could be waited for");
  }
  if (endSessions && output !== undefined && output !== "json") {
    throw new UsageError("--end-sessions prints a policy in JSON: leave --output out");
  }
  if (!yes && dryRun === undefined && !isInteractive) {
    throw new UsageError("a revocation cannot be undone and nobody can be asked here: add --yes");
  }
  return {
    selection,
    reissue,
    endSessions,
    reason: isRevocationReason(reason) ? reason : undefined,
    capstanNamespace,
    dryRun,
    wait: wait ? { timeout, timeoutMs } : undefined,
    isConfirmed: yes || dryRun !== undefined,
  };
}
