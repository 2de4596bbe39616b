const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** A time to issue at, and the root that there is then. */
export interface Era {
  readonly name: string;
  readonly now: Date;
  readonly root: { readonly notBefore: Date; readonly notAfter: Date };
}

function era(name: string, now: string, root: { readonly ageMs: number; readonly leftMs: number }): Era {
  const ms = Date.parse(now);
  return {
    name,
    now: new Date(now),
    root: { notBefore: new Date(ms - root.ageMs), notAfter: new Date(ms + root.leftMs) },
  };
}

/** Times are UTCTime through 2049 and GeneralizedTime from 2050 (RFC 5280, 4.1.2.5): every mixture of the two is here. */
export const ERAS: readonly Era[] = [
  era("an ordinary day", "2026-11-22T03:00:00Z", { ageMs: HOUR, leftMs: YEAR }),
  era("a root that ends soon", "2031-03-01T00:00:00Z", { ageMs: YEAR, leftMs: 16 * MINUTE }),
  era("a root that ends after 2049", "2045-07-01T12:34:56Z", { ageMs: DAY, leftMs: 20 * YEAR }),
  era("the last minutes of 2049", "2049-12-31T23:52:00Z", { ageMs: 30 * DAY, leftMs: 300 * DAY }),
  era("after 2049", "2064-02-29T23:59:59Z", { ageMs: 2 * MINUTE, leftMs: 30 * YEAR }),
];
