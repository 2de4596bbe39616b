import type { BenchResults } from "./results.ts";

export interface Target {
  readonly what: string;
  readonly value: number;
  readonly bound: string;
  readonly isMet: boolean;
}

type Measured = Pick<BenchResults, "leaves" | "crl" | "check">;

const MEBIBYTE = 1024 * 1024;

/** The smallest share of the floor, of @peculiar/x509's rate and of Go's that ca-core is to reach. */
const LEAF_TARGETS: { readonly [algorithm: string]: { readonly [contestant: string]: number } } = {
  "RSA-2048": { floor: 0.8, peculiar: 6, go: 1 },
  "ECDSA-P256": { floor: 0.6, peculiar: 10 },
};

/** Holds what was measured to what ca-core is to reach. What was not measured has no line. */
export function judgeTargets(measured: Measured): Target[] {
  return [...leafTargets(measured), ...crlTargets(measured), ...checkTargets(measured)];
}

function leafTargets({ leaves }: Measured): Target[] {
  return leaves.flatMap(({ algorithm, inFlight, ratios }) =>
    Object.entries(LEAF_TARGETS[algorithm] ?? {}).map(([name, bound]) => {
      const value = ratios[name as keyof typeof ratios];
      return atLeast(`${algorithm}, ${inFlight} in flight: times ${name}`, value, bound);
    }),
  );
}

function crlTargets({ crl }: Measured): Target[] {
  const own = (entries: number): BenchResults["crl"][number] | undefined =>
    crl.find((result) => result.maker === "ca-core" && result.entries === entries);
  const [hundredThousand, million] = [own(100_000), own(1_000_000)];
  if (hundredThousand === undefined) return [];
  const { elapsedMs, peakBytes } = hundredThousand;
  return [
    atMost("CRL of 100,000 entries: milliseconds", elapsedMs, 500),
    atMost("CRL of 100,000 entries: MiB at the peak", peakBytes / MEBIBYTE, 150),
    ...(million === undefined
      ? []
      : [atMost("CRL: time of 1,000,000 entries / time of 100,000", million.elapsedMs / elapsedMs, 12)]),
  ];
}

function checkTargets({ check }: Measured): Target[] {
  return check.map(({ algorithm, p99Us }) => atMost(`check of a request, ${algorithm}: p99 in ms`, p99Us / 1000, 1));
}

function atLeast(what: string, value: number, bound: number): Target {
  return { what, value, bound: `>= ${bound}`, isMet: value >= bound };
}

function atMost(what: string, value: number, bound: number): Target {
  return { what, value, bound: `<= ${bound}`, isMet: value <= bound };
}
