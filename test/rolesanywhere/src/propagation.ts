import { type Account, copyOf } from "./account.ts";

const DELAY_MS = 30_000;

/** Keeps what an account holds before a change, while sessions are to be decided on what it held some time ago. */
export function remember(account: Account): void {
  if (account.unknowns.sessionPropagation === "at-once") return;
  const now = account.now().getTime();
  const kept = account.past.filter(({ until }) => until > now - DELAY_MS);
  account.past.splice(0, account.past.length, ...kept, { until: now, account: copyOf(account) });
}

/** The account as changes have reached CreateSession. */
export function settled(account: Account): Account {
  if (account.unknowns.sessionPropagation === "at-once") return account;
  const since = account.now().getTime() - DELAY_MS;
  return account.past.find(({ until }) => until > since)?.account ?? account;
}
