import { DurationError, defaultNamespace, parseDuration } from "@capstan/api";
import { checkNamespace } from "../cluster.ts";
import type { Options } from "../commands.ts";
import { UsageError } from "../exit-code.ts";
import { isRevocationReason, type RevocationReason } from "./revocation.ts";
import { parseTarget, type Target } from "./target.ts";

/** What `revoke` is asked to do, checked before anything is sent. */
export interface RevokeRequest {
  readonly targets: readonly Target[];
  /** Undefined when none was given: then any reason of an equal Revocation will do. */
  readonly reason: RevocationReason | undefined;
  readonly capstanNamespace: string;
  readonly dryRun: "client" | "server" | undefined;
  readonly wait: { readonly timeout: string; readonly timeoutMs: number } | undefined;
  /** Nobody is to be asked. */
  readonly isConfirmed: boolean;
}

/** @throws {UsageError} naming the flag or target at fault */
export function readRevokeRequest(
  targets: readonly string[],
  options: Options,
  { isInteractive }: { readonly isInteractive: boolean },
): RevokeRequest {
  const { capstanNamespace = defaultNamespace, wait = false, yes = false, timeout = "", reason } = options;
  const dryRun = options.dryRun === "client" || options.dryRun === "server" ? options.dryRun : undefined;
  checkNamespace("--capstan-namespace", capstanNamespace);
  const timeoutMs = parseTimeout(timeout);
  const parsed = targets.map(parseTarget);
  if (wait && dryRun !== undefined) {
    throw new UsageError("--wait and --dry-run clash: a dry run revokes nothing that could be waited for");
  }
  if (!yes && dryRun === undefined && !isInteractive) {
    throw new UsageError("a revocation cannot be undone and nobody can be asked here: add --yes");
  }
  return {
    targets: parsed,
    reason: isRevocationReason(reason) ? reason : undefined,
    capstanNamespace,
    dryRun,
    wait: wait ? { timeout, timeoutMs } : undefined,
    isConfirmed: yes || dryRun !== undefined,
  };
}

function parseTimeout(text: string): number {
  try {
    const milliseconds = parseDuration(text);
    if (milliseconds > 0) return milliseconds;
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw new UsageError(`--timeout: ${error.message}`, { cause: error });
  }
  throw new UsageError(`--timeout: ${text} is no time to wait: give more than 0s`);
}
