import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline";

/** How many calls of each kind, as `verb resource`: "patch certificaterequests/status". */
export type Calls = Readonly<Record<string, number>>;

interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string };
}

/** A moment in the API server's audit log. */
export async function endOfAuditLog(file: string): Promise<number> {
  return (await stat(file)).size;
}

/** The calls that a user has made since a moment, by the API server's audit log. Leases are left out: they go by the clock. */
export async function callsSince(file: string, start: number, user: string): Promise<Calls> {
  const calls: Record<string, number> = {};
  for await (const line of createInterface({ input: createReadStream(file, { start }) })) {
    if (!line.includes(user)) continue;
    const { verb, user: maker, objectRef } = JSON.parse(line) as AuditEvent;
    const { resource = "", subresource } = objectRef ?? {};
    if (maker.username !== user || resource === "leases") continue;
    const kind = `${verb} ${resource}${subresource === undefined ? "" : `/${subresource}`}`;
    calls[kind] = (calls[kind] ?? 0) + 1;
  }
  return calls;
}

const writes: ReadonlySet<string> = new Set(["create", "update", "patch", "delete", "deletecollection"]);

/** How many of the calls write something that stays; a review is asked with a create. */
export function countWrites(calls: Calls): number {
  return Object.entries(calls)
    .filter(([kind]) => writes.has(kind.split(" ")[0] ?? "") && !kind.endsWith("reviews"))
    .reduce((sum, [, count]) => sum + count, 0);
}
