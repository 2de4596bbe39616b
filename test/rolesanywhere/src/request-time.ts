import type { Unknowns } from "./unknowns.ts";

/** How many minutes a request's date may be from the service's clock, either way. */
const MAX_SKEW: Readonly<Record<Unknowns["clockSkew"], number>> = { "5-minutes": 5, "15-minutes": 15 };

/** Why a date is refused, undefined when it is fine. `timestamp` is X-Amz-Date, `YYYYMMDDTHHMMSSZ`. */
export function requestTimeFault(
  timestamp: string,
  scopeDate: string,
  expected: {
    readonly now: Date;
    readonly unknowns: Pick<Unknowns, "clockSkew">;
    /** For how long a presigned request says that it is good, in place of the skew. */
    readonly expiresSeconds?: number;
  },
): string | undefined {
  const { now, unknowns } = expected;
  const minutes = MAX_SKEW[unknowns.clockSkew];
  const maxSkewMs = minutes * 60_000;
  const maxAgeMs = expected.expiresSeconds === undefined ? maxSkewMs : expected.expiresSeconds * 1000;
  const match = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(timestamp);
  const [, year, month, day, hour, minute, second] = match ?? [];
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`);
  if (match === null || Number.isNaN(at)) return `Date must be in ISO-8601 'basic format'. Got '${timestamp}'.`;
  if (!timestamp.startsWith(scopeDate)) {
    return `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${scopeDate}' != '${timestamp.slice(0, 8)}'.`;
  }
  if (now.getTime() - at > maxAgeMs) {
    return `Signature expired: ${timestamp} is now earlier than ${basic(now, -maxAgeMs)} (${basic(now)} - ${maxAgeMs / 60_000} min.)`;
  }
  if (at - now.getTime() > maxSkewMs) {
    return `Signature not yet current: ${timestamp} is still later than ${basic(now, maxSkewMs)} (${basic(now)} + ${minutes} min.)`;
  }
  return undefined;
}

function basic(now: Date, shiftMs = 0): string {
  return new Date(now.getTime() + shiftMs).toISOString().replace(/[-:]|\.\d+/g, "");
}
