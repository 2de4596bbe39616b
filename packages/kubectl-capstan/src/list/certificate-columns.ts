import type { IssuedCertificate } from "@capstan/api";
import { formatAgo, formatLeft } from "../output/human-time.ts";
import type { Cell, Column } from "../output/table.ts";

/** Columns of `list`. `now` in milliseconds since 1970. */
export function certificateColumns(now: number): readonly Column<IssuedCertificate>[] {
  return [
    { title: "SERIAL", cell: ({ spec }) => spec.serial },
    { title: "SUBJECT", cell: ({ spec }) => spec.subject },
    { title: "NAMESPACE", cell: ({ spec }) => spec.requestNamespace ?? "" },
    { title: "NOT AFTER", cell: ({ spec }) => spec.notAfter },
    { title: "EXPIRES", cell: ({ spec }) => formatLeft(spec.notAfter, now) },
    { title: "STATE", cell: (record) => stateOf(record, now) },
    { title: "REQUEST", cell: ({ spec }) => spec.requestName ?? "" },
    { title: "CA", isWide: true, cell: ({ spec }) => spec.authority },
    { title: "GENERATION", isWide: true, cell: ({ spec }) => String(spec.generation) },
    { title: "ISSUER", isWide: true, cell: ({ spec }) => issuerOf(spec) },
    { title: "REQUESTER", isWide: true, cell: ({ spec }) => spec.requester ?? "" },
    { title: "REVOKED BY", isWide: true, cell: ({ status }) => status?.revoked?.requestedBy ?? "" },
    { title: "RECORD", isWide: true, cell: ({ metadata }) => metadata.name },
    { title: "ISSUED", isWide: true, cell: ({ metadata }) => formatAgo(metadata.creationTimestamp, now) },
  ];
}

function stateOf({ spec, status }: IssuedCertificate, now: number): Cell {
  // Also after its end: that it was revoked is what somebody looks for.
  if (status?.revoked !== undefined) return { text: `revoked (${status.revoked.reason})`, tone: "bad" };
  return Date.parse(spec.notAfter) > now ? { text: "valid", tone: "good" } : "expired";
}

function issuerOf({ issuerKind, issuerName }: IssuedCertificate["spec"]): string {
  return issuerName === undefined ? "" : `${issuerKind ?? "?"}/${issuerName}`;
}
