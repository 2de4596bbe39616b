import { NotYet } from "../requests/not-yet.ts";

/**
 * So long may a cache that decides who may have what have been silent. The API server sends a bookmark each minute, while a
 * proxy that keeps a dead connection open may hide changes for some eleven minutes. Whoever revokes a key waits longer than
 * this before the ledger is read a last time.
 */
const longestSilenceMs = 120_000;

/**
 * @param silentMs milliseconds since the API server last gave a sign of life of it
 * @param what the API server should have told
 * @throws {NotYet} while nobody can say: what is not known to be allowed is not signed
 */
export function assertHeard(silentMs: number, what: string): void {
  if (silentMs <= longestSilenceMs) return;
  throw new NotYet(`the API server has not told for two minutes ${what}`, { isPatient: true });
}
