import type { LedgerSample } from "./measure-ledger.ts";

export interface LedgerResults {
  readonly date: string;
  readonly machine: { readonly cores: number; readonly node: string };
  /** Records created a second. */
  readonly perSecond: number;
  /** In the order of their sizes; the first is of an empty ledger. */
  readonly samples: readonly LedgerSample[];
}

/** The figures as a table: of the first sample, of the last, and what each record in between costs. */
export function formatLedgerResults({ date, machine, perSecond, samples }: LedgerResults): string {
  const [empty, full] = [samples.at(0), samples.at(-1)];
  if (empty === undefined || full === undefined || full === empty) throw new TypeError("two samples make a comparison");
  const records = full.records - empty.records;
  const size = (name: string, of: (sample: LedgerSample) => number): readonly string[] => [
    name,
    `${mebibytes(of(empty))} MiB`,
    `${mebibytes(of(full))} MiB`,
    `${Math.round((of(full) - of(empty)) / records)} B`,
  ];
  const time = (name: string, of: (sample: LedgerSample) => number): readonly string[] => [
    name,
    `${Math.round(of(empty))} ms`,
    `${Math.round(of(full))} ms`,
    "",
  ];
  const rows = [
    ["", `${empty.records} records`, `${full.records} records`, "each"],
    size("etcd, in use", ({ etcdInUseBytes }) => etcdInUseBytes),
    size("etcd, file", ({ etcdFileBytes }) => etcdFileBytes),
    size("etcd, resident", ({ etcd }) => etcd.resident),
    size("API server, resident", ({ apiServer }) => apiServer.resident),
    size("API server, peak", ({ apiServer }) => apiServer.peak),
    size("issuer controller, peak", ({ controllers }) => controllers["issuer-controller"].peak),
    size("CRL publisher, peak", ({ controllers }) => controllers["crl-publisher"].peak),
    ...Object.keys(full.times).map((question) =>
      time(question, ({ times }) => times[question as keyof LedgerSample["times"]]),
    ),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  "),
  );
  return [
    `Ledger, ${date}, ${machine.cores} cores, Node ${machine.node}; ${Math.round(perSecond)} records written a second`,
    ...lines,
  ].join("\n");
}

function mebibytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1);
}
