import type { CertificateAuthority } from "@capstan/api";
import { printable } from "../output/printable.ts";
import type { Terminal } from "../terminal.ts";
import type { Order } from "./order.ts";
import { orderWords } from "./order-words.ts";

/** Says what is about to be ordered and asks; what can hurt workloads wants the authority's name typed. */
export async function confirmOrder(
  terminal: Terminal,
  order: Order,
  authority: CertificateAuthority,
): Promise<boolean> {
  const { title, isDangerous, consequences } = orderWords[order.kind];
  const { name } = authority.metadata;
  terminal.err(`${printable(title(order))}\n`);
  for (const line of consequences(order, authority)) terminal.err(`  ${printable(line)}\n`);
  if (isDangerous) return (await terminal.ask(`Type the authority's name, ${name}, to go on: `)).trim() === name;
  return /^y(es)?$/i.test((await terminal.ask("Go on? [y/N] ")).trim());
}
