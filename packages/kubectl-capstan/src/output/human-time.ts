const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

// From twice its length on a unit is precise enough to be shown alone.
const units = [
  [2 * day, day, "d"],
  [2 * hour, hour, "h"],
  [2 * minute, minute, "m"],
  [0, second, "s"],
] as const;

/** A length of time in one unit: `90s`, `47h`, `365d`. Rounded down. */
export function formatLength(milliseconds: number): string {
  const length = Math.max(0, milliseconds);
  const [, unit, letter] = units.find(([from]) => length >= from) ?? units[3];
  return `${Math.floor(length / unit)}${letter}`;
}

/** How long ago an RFC 3339 time was: `5m ago`. Times in the near future are clock skew, and shown as `0s ago`. */
export function formatAgo(time: string | undefined, now: number): string {
  const at = millisecondsOf(time);
  return at === undefined ? "" : `${formatLength(now - at)} ago`;
}

/** What is left until an RFC 3339 time, or since when it is over: `23h left`, `expired 5m ago`. */
export function formatLeft(time: string | undefined, now: number): string {
  const at = millisecondsOf(time);
  if (at === undefined) return "";
  return at > now ? `${formatLength(at - now)} left` : `expired ${formatLength(now - at)} ago`;
}

/** The time in UTC without fractions of a second, as in the objects. */
export function formatTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** The day of an RFC 3339 time in UTC. */
export function formatDay(time: string | undefined): string {
  const at = millisecondsOf(time);
  return at === undefined ? "" : new Date(at).toISOString().slice(0, 10);
}

function millisecondsOf(time: string | undefined): number | undefined {
  const at = Date.parse(time ?? "");
  return Number.isNaN(at) ? undefined : at;
}
