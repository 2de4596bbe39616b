import { median } from "../statistics.ts";
import type { Target } from "../targets.ts";
import type { IssuerResults, TurnResult } from "./results.ts";

const MEGABYTE = 1_000_000;

/** Holds what was measured to what the issuer is to reach. What was not measured has no line. */
export function judgeIssuer({
  backlog,
  certificates,
  memory,
}: Pick<IssuerResults, "backlog" | "certificates" | "memory">): Target[] {
  const sizes = [...new Set(backlog.map(({ certificates }) => certificates))];
  const of = (size: number): readonly TurnResult[] => backlog.filter((turn) => turn.certificates === size);
  return [
    ...sizes.flatMap((size) => [
      ...ratio(`${size} requests: times the in-tree issuer, raised`, of(size), "in-tree, raised", 1),
      ...ratio(`${size} requests: times the floor`, of(size), "floor", 0.7),
    ]),
    ...ratio("Certificates: times the in-tree issuer, raised", certificates, "in-tree, raised", 1),
    ...memory.flatMap(({ requests, answeringPeakBytes, answeredPeakBytes }) => [
      atMost(`MB at the peak, ${requests} requests waiting at the start`, answeringPeakBytes / MEGABYTE, 200),
      atMost(`MB at the peak, ${requests} requests answered at the start`, answeredPeakBytes / MEGABYTE, 200),
    ]),
  ];
}

/** Capstan's rate as a multiple of another's: the median over the rounds, since each round had its own noise. */
export function ratioOf(turns: readonly TurnResult[], other: string): number | undefined {
  const ratios = turns
    .filter(({ contestant }) => contestant.startsWith("capstan"))
    .flatMap(({ round, perSecond }) =>
      turns
        .filter((turn) => turn.contestant === other && turn.round === round)
        .map((turn) => perSecond / turn.perSecond),
    );
  return ratios.length === 0 ? undefined : median(ratios);
}

function ratio(what: string, turns: readonly TurnResult[], other: string, bound: number): Target[] {
  const raised = turns.filter(({ contestant }) => contestant !== "capstan, stock");
  const value = ratioOf(raised, other);
  return value === undefined ? [] : [{ what, value, bound: `>= ${bound}`, isMet: value >= bound }];
}

function atMost(what: string, value: number, bound: number): Target {
  return { what, value, bound: `<= ${bound}`, isMet: value <= bound };
}
