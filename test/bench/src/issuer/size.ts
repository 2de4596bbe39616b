/** How much of everything a run does. */
export interface Size {
  readonly name: "full" | "smoke";
  /** Requests that each contestant answers before it is measured, until its code is compiled and its connections are open. */
  readonly warmUp: number;
  /** How often the contestants take turns with the smaller backlog. */
  readonly rounds: number;
  /** Approved requests that appear at once: the smaller backlog in each round, the larger one in the last round. */
  readonly backlogs: readonly [small: number, large: number];
  /** Of cert-manager's `Certificate`s. */
  readonly certificates: number;
  /** Requests in the cluster while memory is measured. */
  readonly memory: number;
}

export const FULL: Size = {
  name: "full",
  warmUp: 200,
  rounds: 3,
  backlogs: [1_000, 5_000],
  certificates: 300,
  memory: 10_000,
};

/** Enough to see that everything works, and what each contestant calls. */
export const SMOKE: Size = {
  name: "smoke",
  warmUp: 10,
  rounds: 1,
  backlogs: [40, 80],
  certificates: 10,
  memory: 100,
};
