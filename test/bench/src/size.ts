/** How much of everything a run does. */
export interface Size {
  readonly name: "full" | "smoke";
  /** Distinct requests of each type that leaves are issued for. */
  readonly leafRequests: number;
  /** Signatures on the thread pool for each length of the work in between. */
  readonly handoverSignatures: number;
  /** Distinct requests of each type that are checked. */
  readonly checkRequests: number;
  /** How often each of them is checked. */
  readonly checkPasses: number;
  /** How long each contestant works before it is measured, until its code is compiled. */
  readonly warmUpMs: number;
  /** How often the contestants take turns. */
  readonly rounds: number;
  /** How long one turn lasts, in milliseconds. */
  readonly turnMs: number;
  readonly crlEntries: readonly number[];
  /** CRLs up to this number of entries are made three times, larger ones once. */
  readonly crlRepeatUpTo: number;
  /** @peculiar/x509 makes CRLs up to this number of entries: its time grows with the square. */
  readonly peculiarCrlEntries: number;
}

export const FULL: Size = {
  name: "full",
  leafRequests: 400,
  handoverSignatures: 1_000,
  checkRequests: 200,
  checkPasses: 50,
  warmUpMs: 5_000,
  rounds: 9,
  turnMs: 500,
  crlEntries: [1_000, 10_000, 100_000, 1_000_000],
  crlRepeatUpTo: 100_000,
  peculiarCrlEntries: 10_000,
};

/** Some seconds: enough to see that everything works, and by how many times something is faster. */
export const SMOKE: Size = {
  name: "smoke",
  leafRequests: 80,
  handoverSignatures: 20,
  checkRequests: 6,
  checkPasses: 20,
  warmUpMs: 200,
  rounds: 3,
  turnMs: 60,
  crlEntries: [1_000, 10_000, 100_000],
  crlRepeatUpTo: 0,
  peculiarCrlEntries: 1_000,
};
