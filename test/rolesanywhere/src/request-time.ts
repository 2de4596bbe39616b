/** How far a request's date may be from the service's clock, either way. */
const MAX_SKEW_MS = 5 * 60_000;

/** Why a date is refused, undefined when it is fine. `timestamp` is X-Amz-Date, `YYYYMMDDTHHMMSSZ`. */
export function requestTimeFault(timestamp: string, scopeDate: string, now: Date): string | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(timestamp);
  const [, year, month, day, hour, minute, second] = match ?? [];
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`);
  if (match === null || Number.isNaN(at)) return `Date must be in ISO-8601 'basic format'. Got '${timestamp}'.`;
  if (!timestamp.startsWith(scopeDate)) {
    return `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${scopeDate}' != '${timestamp.slice(0, 8)}'.`;
  }
  if (now.getTime() - at > MAX_SKEW_MS) {
    return `Signature expired: ${timestamp} is now earlier than ${basic(now, -MAX_SKEW_MS)} (${basic(now)} - 5 min.)`;
  }
  if (at - now.getTime() > MAX_SKEW_MS) {
    return `Signature not yet current: ${timestamp} is still later than ${basic(now, MAX_SKEW_MS)} (${basic(now)} + 5 min.)`;
  }
  return undefined;
}

function basic(now: Date, shiftMs = 0): string {
  return new Date(now.getTime() + shiftMs).toISOString().replace(/[-:]|\.\d+/g, "");
}
