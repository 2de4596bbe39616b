import type { CertificateAuthority, GenerationMark } from "@capstan/api";
import { conditionOf } from "../conditions.ts";
import { formatAgo, formatTime } from "../output/human-time.ts";
import { type Cell, type Column, paint, renderTable, type TableStyle } from "../output/table.ts";
import { attentionOf } from "./attention.ts";
import type { Part, Status } from "./read-status.ts";
import {
  attentionColumns,
  dayWithTimeLeft,
  generationColumns,
  issuerColumns,
  operationColumns,
  revocationColumns,
  statusCell,
  trustAnchorColumns,
} from "./status-columns.ts";

/** What `status` prints: for each authority a summary and its tables, then what belongs to no single one. */
export function renderStatus(status: Status, style: TableStyle & { readonly now: number }): string {
  const { now } = style;
  const { readAt, items } = status.authorities;
  const marks = "items" in status.marks ? status.marks.items : [];
  const operations = "items" in status.operations ? status.operations.items.length : 1;
  return [
    section({
      title: "Needs attention",
      note: "worst first",
      parts: [{ readAt, items: attentionOf(status, now) }],
      columns: attentionColumns,
      style,
    }),
    ...items.map((authority) => renderAuthority(authority, marks, { ...style, readAt })),
    section({ title: "Issuers", parts: [status.clusterIssuers, status.issuers], columns: issuerColumns, style }),
    section({
      title: "Revocations not yet published",
      parts: [status.revocations],
      columns: revocationColumns(now),
      style,
    }),
    ...(operations === 0
      ? []
      : [
          section({
            title: "Operations under way",
            parts: [status.operations],
            columns: operationColumns(now),
            style,
          }),
        ]),
  ].join("\n");
}

function renderAuthority(
  authority: CertificateAuthority,
  marks: readonly GenerationMark[],
  style: TableStyle & { readonly now: number; readonly readAt: number },
): string {
  const { now, readAt } = style;
  const generations = authority.status?.generations ?? [];
  const anchors = authority.status?.trustAnchors ?? [];
  const read = formatTime(readAt);
  return [
    renderSummary(authority, style),
    section({
      title: "Generations",
      parts: [{ readAt, items: generations }],
      columns: generationColumns(authority, marks, now),
      style,
    }),
    section({
      title: "Trust anchors",
      // The status is from the API server; what it says of AWS is as old as READ BACK.
      note: `as read back from AWS, read ${read}`,
      parts: [{ readAt, items: anchors }],
      columns: trustAnchorColumns(authority, now),
      style,
    }),
  ].join("\n");
}

function renderSummary(
  authority: CertificateAuthority,
  { now, readAt, hasColor }: TableStyle & { readonly now: number; readonly readAt: number },
): string {
  const { metadata, spec, status } = authority;
  const ready = conditionOf(authority, "Ready");
  const active = status?.activeGeneration;
  const isBehind = status?.observedGeneration !== undefined && status.observedGeneration !== metadata.generation;
  const lines: readonly (readonly [string, readonly Cell[]])[] = [
    ["Certificate authority", [metadata.name]],
    [
      "Ready",
      ready === undefined
        ? [statusCell(ready)]
        : [statusCell(ready), `since ${formatAgo(ready.lastTransitionTime, now)}`],
    ],
    ["Reason", [ready?.reason ?? "the publisher has not reported yet"]],
    ...(ready?.message === undefined || ready.message === "" ? [] : [["Message", [ready.message]] as const]),
    ["Common name", [spec.subject.commonName]],
    [
      "Signing",
      active === undefined
        ? ["no generation"]
        : [`generation ${active}, root ends`, dayWithTimeLeft(status?.notAfter, now)],
    ],
    ...(status?.nextRotation === undefined
      ? []
      : [["Next rotation", [dayWithTimeLeft(status.nextRotation, now)]] as const]),
    ...(isBehind ? [["Behind", ["the publisher has not yet handled the newest spec"]] as const] : []),
    ["Read", [formatTime(readAt)]],
  ];
  const width = Math.max(...lines.map(([label]) => label.length)) + 2;
  return lines
    .map(([label, cells]) => `${`${label}:`.padEnd(width)}${cells.map((cell) => paint(cell, hasColor)).join(" ")}\n`)
    .join("");
}

function section<T>(options: {
  readonly title: string;
  readonly note?: string;
  readonly parts: readonly Part<T>[];
  readonly columns: readonly Column<T>[];
  readonly style: TableStyle;
}): string {
  const { title, parts, columns, style } = options;
  const items = parts.flatMap((part) => ("items" in part ? part.items : []));
  const refusals = parts.flatMap((part) => ("refusal" in part ? [`not shown: ${part.refusal}\n`] : []));
  const readAt = Math.min(...parts.map((part) => part.readAt));
  const head = `${title} (${options.note ?? `read ${formatTime(readAt)}`})\n`;
  const none = items.length === 0 && refusals.length === 0 ? "none\n" : "";
  return `${head}${items.length === 0 ? none : renderTable(columns, items, style)}${refusals.join("")}`;
}
