import { limitOf, minLeafDurationMs } from "@capstan/policy";
import type { Issuer } from "./issuer-kinds.ts";

/**
 * What the owner of a quota should know that a change of leader makes it forget; undefined where it does not. A new leader
 * looks for what was taken in the last two periods, and the ledger surely has a record only until the shortest leaf would
 * have ended and its retention passed: what was taken before that may be had once more.
 */
export function quotaNote({ spec }: Pick<Issuer, "spec">, ledgerRetentionMs: number): string | undefined {
  const limit = limitOf(spec);
  if (limit === undefined || 2 * limit.perMs <= ledgerRetentionMs + minLeafDurationMs) return undefined;
  return `two periods of spec.quota.perNamespace, of ${spec.quota?.perNamespace.per ?? ""} each, are longer than the ledger surely remembers a certificate (--ledger-retention after its end): after a change of leader a namespace may have those once more that it got longer ago`;
}
