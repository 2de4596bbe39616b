import { formatTable, whole } from "../report.ts";
import { median } from "../statistics.ts";
import type { IssuerResults, TurnResult } from "./results.ts";
import { ratioOf } from "./targets.ts";

const MEGABYTE = 1_000_000;

/** The figures as tables; parts that were not run are left out. */
export function formatIssuerResults({ backlog, certificates, memory, targets }: IssuerResults): string {
  const sizes = [...new Set(backlog.map(({ certificates }) => certificates))];
  const sections: (readonly [title: string, rows: readonly (readonly string[])[]])[] = [
    ...sizes.map((size) => {
      const turns = backlog.filter((turn) => turn.certificates === size);
      return [`${whole(size)} approved requests at once`, turnRows(turns)] as const;
    }),
    ...["raised", "stock"].map((flags) => {
      const turns = certificates.filter(({ contestant }) => contestant.endsWith(`, ${flags}`));
      return [`Certificates, the whole way, with cert-manager's flags ${flags}`, turnRows(turns)] as const;
    }),
    [
      "Memory of the issuer controller, MB at the peak",
      [
        ["requests", "waiting at its start", "answered at its start"],
        ...memory.map(({ requests, answeringPeakBytes, answeredPeakBytes }) =>
          [requests, answeringPeakBytes / MEGABYTE, answeredPeakBytes / MEGABYTE].map(whole),
        ),
      ],
    ],
    [
      "Targets",
      [
        ["what", "measured", "target", ""],
        ...targets.map(({ what, value, bound, isMet }) => [what, value.toFixed(2), bound, isMet ? "met" : "MISSED"]),
      ],
    ],
  ];
  return sections
    .filter(([, rows]) => rows.length > 1)
    .map(([title, rows]) => `${title}\n${formatTable(rows)}`)
    .join("\n\n");
}

/** One row for each contestant, with the median of its rounds; the peak of memory is the highest. */
function turnRows(turns: readonly TurnResult[]): readonly (readonly string[])[] {
  const names = [...new Set(turns.map(({ contestant }) => contestant))];
  const header = [
    "contestant",
    "rounds",
    "a second",
    "capstan is",
    "p50 ms",
    "p99 ms",
    "writes each",
    "CPU s",
    "CPU ms each",
    "peak MB",
  ];
  const rows = names.map((name) => {
    const own = turns.filter(({ contestant }) => contestant === name);
    const middle = (of: (turn: TurnResult) => number): number => median(own.map(of));
    const ratio = ratioOf(turns, name);
    return [
      name,
      String(own.length),
      middle(({ perSecond }) => perSecond).toFixed(1),
      ratio === undefined ? "" : ratio.toFixed(2),
      whole(middle(({ p50Ms }) => p50Ms)),
      whole(middle(({ p99Ms }) => p99Ms)),
      middle(({ writesEach }) => writesEach).toFixed(2),
      middle(({ cpuSeconds }) => cpuSeconds).toFixed(1),
      middle(({ cpuSeconds, certificates }) => (cpuSeconds * 1000) / certificates).toFixed(1),
      whole(Math.max(...own.map(({ peakBytes }) => peakBytes)) / MEGABYTE),
    ];
  });
  return [header, ...rows];
}
