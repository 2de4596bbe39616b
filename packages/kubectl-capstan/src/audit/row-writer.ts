import { csvLine } from "./write-csv.ts";

export type AuditFormat = "csv" | "json";

/** Writes rows as they come, so that a report of any length takes no memory. */
export interface RowWriter {
  readonly write: (row: object) => void;
  /** Completes what was written. */
  readonly end: () => void;
}

/** CSV begins with its header line; JSON is one array, a row a line. Columns of CSV are those named, in that order. */
export function rowWriter(format: AuditFormat, columns: readonly string[], out: (text: string) => void): RowWriter {
  if (format === "csv") {
    out(csvLine(columns));
    const write = (row: object): void => {
      const fields = row as Readonly<Record<string, string | number | undefined>>;
      out(csvLine(columns.map((column) => fields[column] ?? "")));
    };
    return { write, end: () => undefined };
  }
  let rows = 0;
  return {
    write: (row) => {
      out(`${rows === 0 ? "[\n" : ",\n"}${JSON.stringify(row)}`);
      rows += 1;
    },
    end: () => {
      out(rows === 0 ? "[]\n" : "\n]\n");
    },
  };
}
