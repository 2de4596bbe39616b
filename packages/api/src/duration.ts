/** Text that is not a duration as Go writes it. */
export class DurationError extends Error {
  readonly code = "ERR_DURATION";
  constructor(text: string) {
    super(
      `${JSON.stringify(text.slice(0, maxLength))} is not a duration: write numbers with units from h, m, s, ms, us and ns, for example "24h" or "1h30m" (days are "168h", not "7d")`,
    );
    this.name = "DurationError";
  }
}

const maxLength = 64;

const nanosecondsPerUnit: ReadonlyMap<string, number> = new Map([
  ["h", 3_600_000_000_000],
  ["m", 60_000_000_000],
  ["s", 1_000_000_000],
  ["ms", 1_000_000],
  ["us", 1_000],
  ["µs", 1_000], // U+00B5, micro sign
  ["μs", 1_000], // U+03BC, Greek small letter mu
  ["ns", 1],
]);

const whole = /^[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:h|ms|m|s|us|µs|μs|ns))+$/u;
const parts = /([0-9]*)(?:\.([0-9]*))?(h|ms|m|s|us|µs|μs|ns)/gu;

/** Go keeps durations in 64 bits of nanoseconds, so this is the longest that cert-manager can store: about 292 years. */
const maxNanoseconds = 2n ** 63n - 1n;

/**
 * Milliseconds of a duration in the syntax of Go's time.ParseDuration, the one of cert-manager's and Capstan's
 * `duration` fields. Fractions of a millisecond are cut off toward zero.
 *
 * @example parseDuration("1h30m") // 5_400_000
 * @throws DurationError (code ERR_DURATION) for anything else, also for what the API server's `format: duration`
 *   additionally lets through ("7d", "3 weeks").
 */
export function parseDuration(text: string): number {
  if (text === "0" || text === "+0" || text === "-0") return 0;
  if (text.length > maxLength || !whole.test(text)) throw new DurationError(text);
  let nanoseconds = 0n;
  for (const [, digits = "", fraction = "", unit = ""] of text.matchAll(parts)) {
    const scale = BigInt(nanosecondsPerUnit.get(unit) ?? 0);
    nanoseconds += BigInt(digits) * scale;
    // Exact decimal arithmetic: 0.1 has no exact binary form.
    nanoseconds += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
  }
  if (nanoseconds > maxNanoseconds) throw new DurationError(text);
  const milliseconds = Number(nanoseconds / 1_000_000n);
  return text.startsWith("-") && milliseconds !== 0 ? -milliseconds : milliseconds;
}

/**
 * The shortest text that parseDuration reads back as the same whole number of milliseconds.
 *
 * @example formatDuration(5_400_000) // "1h30m"
 * @throws RangeError for anything but a safe integer.
 */
export function formatDuration(milliseconds: number): string {
  if (!Number.isSafeInteger(milliseconds))
    throw new RangeError(`${milliseconds} is not a whole number of milliseconds`);
  if (milliseconds === 0) return "0s";
  const size = Math.abs(milliseconds);
  const amounts = [
    [Math.floor(size / 3_600_000), "h"],
    [Math.floor(size / 60_000) % 60, "m"],
    [Math.floor(size / 1_000) % 60, "s"],
    [size % 1_000, "ms"],
  ] as const;
  const text = amounts.map(([amount, unit]) => (amount === 0 ? "" : `${amount}${unit}`)).join("");
  return milliseconds < 0 ? `-${text}` : text;
}
