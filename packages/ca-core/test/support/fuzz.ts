const asked = process.env["CAPSTAN_FUZZ"];

/** How many cases a property is tried with: CAPSTAN_FUZZ for all of them, where that is set, as in long runs. */
export function runs(byDefault: number): number {
  return asked === undefined ? byDefault : Number(asked);
}
