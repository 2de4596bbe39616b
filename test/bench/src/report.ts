import { CONTESTANT_NAMES } from "./contestant.ts";
import type { BenchResults } from "./results.ts";

const MEBIBYTE = 1024 * 1024;

/** The figures as tables, in the order in which they were measured; parts that were not run are left out. */
export function formatResults({ leaves, handover, crl, check, targets }: BenchResults): string {
  const sections: (readonly [title: string, rows: readonly (readonly string[])[]])[] = [
    [
      "Leaves per second",
      [
        ["CA and leaf", "in flight", ...CONTESTANT_NAMES],
        ...leaves.map(({ algorithm, inFlight, leavesPerSecond }) => [
          algorithm,
          String(inFlight),
          ...CONTESTANT_NAMES.map((name) => whole(leavesPerSecond[name])),
        ]),
      ],
    ],
    [
      "ca-core's rate as a multiple of",
      [
        ["CA and leaf", "in flight", ...CONTESTANT_NAMES.slice(1)],
        ...leaves.map(({ algorithm, inFlight, ratios }) => [
          algorithm,
          String(inFlight),
          ...Object.values(ratios).map((ratio) => ratio.toFixed(2)),
        ]),
      ],
    ],
    [
      "An RSA-2048 signature on the thread pool, in microseconds",
      [
        ["work before", "asking", "until it is there"],
        ...handover.map(({ workBetweenUs, askingUs, signatureUs }) =>
          [workBetweenUs, askingUs, signatureUs].map(whole),
        ),
      ],
    ],
    [
      "CRLs",
      [
        ["entries", "maker", "ms", "peak MiB", "bytes"],
        ...crl.map(({ entries, maker, elapsedMs, peakBytes, crlBytes }) => [
          whole(entries),
          maker,
          elapsedMs.toFixed(1),
          whole(peakBytes / MEBIBYTE),
          whole(crlBytes),
        ]),
      ],
    ],
    [
      "Strict check of a request, in microseconds",
      [
        ["key", "checks", "distinct", "p50", "p99", "max", "undisturbed p99"],
        ...check.map(({ algorithm, checks, distinctRequests, p50Us, p99Us, maxUs, undisturbedP99Us }) => [
          algorithm,
          whole(checks),
          whole(distinctRequests),
          ...[p50Us, p99Us, maxUs, undisturbedP99Us].map(whole),
        ]),
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

/** Columns as wide as their widest cell: words to the left, numbers to the right. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const isNumber = (cell: string): boolean => /^[\d.,]+$/.test(cell);
  return rows
    .map((row, index) => {
      const like = rows[1] ?? row; // the header's cells stand as those below it do
      return row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return isNumber((index === 0 ? like : row)[column] ?? "") ? cell.padStart(width) : cell.padEnd(width);
        })
        .join("  ")
        .trimEnd();
    })
    .map((line) => `  ${line}`)
    .join("\n");
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
