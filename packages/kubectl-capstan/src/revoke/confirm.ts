import { printable } from "../output/printable.ts";
import type { Terminal } from "../terminal.ts";
import type { Leaf } from "./leaf.ts";

const mostShown = 10;

/** Shows what is about to be revoked, ten at most and how many there are, and asks; anything but yes is no. */
export async function confirm(
  terminal: Terminal,
  {
    leaves,
    namespace,
    reason,
  }: { readonly leaves: readonly Leaf[]; readonly namespace: string; readonly reason: string },
): Promise<boolean> {
  terminal.err(`To be revoked in namespace ${namespace} with reason ${reason}; this cannot be undone:\n`);
  for (const leaf of leaves.slice(0, mostShown)) terminal.err(`  ${describeLeaf(leaf)}\n`);
  if (leaves.length > mostShown) terminal.err(`  and ${leaves.length - mostShown} more\n`);
  const answer = await terminal.ask(`Revoke ${leaves.length === 1 ? "it" : `these ${leaves.length}`}? [y/N] `);
  return /^y(es)?$/i.test(answer.trim());
}

function describeLeaf({ label, serial, subject, notAfter, several }: Leaf): string {
  if (several !== undefined) return printable(`${label}: ${several.what} (${countText(several.found)})`);
  const parts = [
    serial === undefined || serial === label ? label : `${label}, serial ${serial}`,
    subject === undefined ? "subject not known (you may not read the ledger)" : `subject ${subject}`,
    ...(notAfter === undefined ? [] : [`valid until ${notAfter}`]),
  ];
  return printable(parts.join(", "));
}

function countText(found: readonly unknown[] | undefined): string {
  if (found === undefined) return "how many is not known: you may not read the ledger";
  return found.length === 1 ? "one valid now" : `${found.length} valid now`;
}
