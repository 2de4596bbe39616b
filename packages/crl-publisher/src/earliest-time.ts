/** What the known clocks say, milliseconds since 1970; undefined for one that was not heard of late. */
export interface Clocks {
  readonly own: number;
  readonly apiServer?: number | undefined;
  readonly aws?: number | undefined;
}

/**
 * When what is signed for AWS begins: AWS refuses what is not valid yet by its clock, a CRL as well as a leaf, and no later CRL may
 * begin before one that was dated ahead. So the earliest of the clocks that are known counts.
 */
export function earliestTime({ own, apiServer = Infinity, aws = Infinity }: Clocks): Date {
  return new Date(Math.min(own, apiServer, aws));
}
