import { printable } from "../output/printable.ts";
import type { Terminal } from "../terminal.ts";
import type { Leaf } from "./leaf.ts";

/** Shows what is about to be revoked and asks; anything but yes is no. */
export async function confirm(
  terminal: Terminal,
  {
    leaves,
    namespace,
    reason,
  }: { readonly leaves: readonly Leaf[]; readonly namespace: string; readonly reason: string },
): Promise<boolean> {
  terminal.err(`To be revoked in namespace ${namespace} with reason ${reason}; this cannot be undone:\n`);
  for (const leaf of leaves) terminal.err(`  ${describeLeaf(leaf)}\n`);
  const answer = await terminal.ask(`Revoke ${leaves.length === 1 ? "it" : `these ${leaves.length}`}? [y/N] `);
  return /^y(es)?$/i.test(answer.trim());
}

function describeLeaf({ label, serial, subject, notAfter }: Leaf): string {
  const parts = [
    serial === undefined || serial === label ? label : `${label}, serial ${serial}`,
    subject === undefined ? "subject not known (you may not read the ledger)" : `subject ${subject}`,
    ...(notAfter === undefined ? [] : [`valid until ${notAfter}`]),
  ];
  return printable(parts.join(", "));
}
