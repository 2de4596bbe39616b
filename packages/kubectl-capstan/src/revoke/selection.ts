import { UsageError } from "../exit-code.ts";
import { parseTarget, type Target } from "./target.ts";

/** What is to be revoked, chosen in exactly one way. */
export type Selection =
  | { readonly by: "targets"; readonly targets: readonly Target[] }
  /** Certificates and pods of the namespace with these labels. */
  | { readonly by: "selector"; readonly selector: string }
  /** Everything valid that was issued to the namespace. */
  | { readonly by: "all" }
  /** A certificate that somebody has found, also one that the ledger lacks. */
  | { readonly by: "certificate"; readonly file: string }
  /** Every certificate with this key, and none is issued for it any more. */
  | { readonly by: "publicKey"; readonly file: string };

export interface SelectionOptions {
  readonly selector?: string;
  readonly all?: boolean;
  readonly certificate?: string;
  readonly publicKey?: string;
}

/** @throws {UsageError} when nothing is chosen, or in two ways: it names both */
export function readSelection(
  targets: readonly string[],
  { selector, all = false, certificate, publicKey }: SelectionOptions,
): Selection {
  const ways: readonly (readonly [string, Selection])[] = [
    ...(targets.length === 0 ? [] : [["TARGET", { by: "targets", targets: targets.map(parseTarget) }] as const]),
    ...(selector === undefined ? [] : [["--selector", { by: "selector", selector }] as const]),
    ...(all ? [["--all", { by: "all" }] as const] : []),
    ...(certificate === undefined ? [] : [["--certificate", { by: "certificate", file: certificate }] as const]),
    ...(publicKey === undefined ? [] : [["--public-key", { by: "publicKey", file: publicKey }] as const]),
  ];
  const [first, second] = ways;
  if (first === undefined)
    throw new UsageError("say what to revoke: TARGET, --selector, --all, --certificate or --public-key");
  if (second !== undefined) throw new UsageError(`${first[0]} and ${second[0]} clash: give one of them`);
  if (selector?.trim() === "") throw new UsageError("--selector is empty: --all revokes everything of the namespace");
  return first[1];
}
