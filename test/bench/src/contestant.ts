/** One way to make leaves, measured against the others. */
export interface Contestant {
  readonly name: ContestantName;
  /** Works for `turnMs` with so many leaves in flight. */
  readonly takeTurn: (turnMs: number, inFlight: number) => Promise<Turn>;
  /** The last certificate that was made, DER; undefined for one that makes signatures alone. */
  readonly lastCertificate: () => Uint8Array | undefined;
  readonly stop: () => Promise<void>;
}

export interface Turn {
  readonly leaves: number;
  readonly elapsedMs: number;
}

export const CONTESTANT_NAMES = ["ca-core", "floor", "floor-without-own-verify", "peculiar", "go"] as const;
export type ContestantName = (typeof CONTESTANT_NAMES)[number];

/** A contestant in this process, from what makes its nth leaf. Numbers go on rising from turn to turn. */
export function inProcess(name: ContestantName, makeLeaf: (n: number) => Promise<Uint8Array | undefined>): Contestant {
  let n = 0;
  let last: Uint8Array | undefined;
  return {
    name,
    takeTurn: async (turnMs, inFlight) => {
      const begun = performance.now();
      let leaves = 0;
      const work = async (): Promise<void> => {
        while (performance.now() - begun < turnMs) {
          n += 1;
          last = await makeLeaf(n);
          leaves += 1;
        }
      };
      await Promise.all(Array.from({ length: inFlight }, work));
      return { leaves, elapsedMs: performance.now() - begun };
    },
    lastCertificate: () => last,
    stop: () => Promise.resolve(),
  };
}
