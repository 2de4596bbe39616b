import { validation } from "./errors.ts";
import type { Unknowns } from "./unknowns.ts";

// Small, so that a client which forgets to follow nextToken is noticed. AWS does not document its own.
const DEFAULT_PAGE_SIZE = 10;

/** One page of a list in order of creation, and the token of the next one. */
export function page<T extends { readonly id: string }>(
  items: readonly T[],
  query: ReadonlyMap<string, string>,
  unknowns: Pick<Unknowns, "pageSizeLimit" | "pageToken">,
): { readonly items: readonly T[]; readonly nextToken: string | undefined } {
  const pageSize = Number(query.get("pageSize") ?? DEFAULT_PAGE_SIZE);
  if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > Number(unknowns.pageSizeLimit)) {
    throw validation(`Value '${query.get("pageSize")}' at 'pageSize' must be between 1 and ${unknowns.pageSizeLimit}`);
  }
  const byPosition = unknowns.pageToken === "position";
  const start = startAfter(items, query.get("nextToken"), byPosition);
  const selected = items.slice(start, start + pageSize);
  const last = selected.at(-1);
  const more = last !== undefined && start + pageSize < items.length;
  return { items: selected, nextToken: more ? encode(byPosition ? String(start + pageSize) : last.id) : undefined };
}

function startAfter(items: readonly { readonly id: string }[], token: string | undefined, byPosition: boolean): number {
  if (token === undefined) return 0;
  const id = Buffer.from(token, "base64url").toString();
  if (byPosition && /^\d+$/.test(id)) return Number(id);
  const index = items.findIndex((item) => item.id === id);
  // An item deleted between two pages ends up here too; the service's tokens may be more patient.
  if (index === -1) throw validation("Invalid nextToken");
  return index + 1;
}

function encode(text: string): string {
  return Buffer.from(text).toString("base64url");
}
