import { formatAgo, formatLeft } from "../output/human-time.ts";
import { type Cell, type Column, paint, renderTable } from "../output/table.ts";
import type { ShownAnchor, ShownLeaf } from "./shown-leaf.ts";

const anchorWords: Readonly<Record<ShownAnchor["state"], Cell>> = {
  Accepts: { text: "accepts it", tone: "good" },
  Revoking: { text: "MAY ACCEPT IT STILL: revoked, and its CRL was not seen there yet", tone: "bad" },
  Refuses: "refuses it",
  DoesNotTrustItsRoot: "does not trust its root",
  Unknown: "not known: revoked, and its Revocation is gone or not for you to read",
};

/** One leaf in words. `now` in milliseconds since 1970. */
export function renderShown(
  leaf: ShownLeaf,
  { now, hasColor }: { readonly now: number; readonly hasColor: boolean },
): string {
  const { certificate, aws, record, trustAnchors } = leaf;
  const sections: readonly (readonly [string, readonly (readonly [string, Cell])[]])[] = [
    [
      "Certificate",
      [
        ["Serial", certificate.serial],
        ["Subject", certificate.subject],
        ...certificate.alternativeNames.map(({ kind, value }) => [kind, value] as const),
        ["Issuer", certificate.issuer],
        ["Valid", `${certificate.notBefore} to ${certificate.notAfter} (${formatLeft(certificate.notAfter, now)})`],
        ["Key", `${certificate.keyAlgorithm}, SHA-256 ${certificate.publicKeySha256}`],
        ["Usages", [...certificate.keyUsages, ...certificate.extendedKeyUsages].join(", ")],
        ...(certificate.isCA ? [["CA", "yes"] as const] : []),
        ["SHA-256", certificate.sha256],
      ],
    ],
    [
      "In AWS",
      [
        ["Session name", aws.sessionName],
        ["Source identity", aws.sourceIdentity ?? "none that AWS would take"],
        ...Object.entries(aws.sessionTags).map(([key, value]) => [key, value] as const),
      ],
    ],
    ...(record === undefined ? [] : [["Request", requestRows(record)] as const]),
    ["Revocation", revocationRows(leaf, now)],
  ];
  const text = sections.map(([title, rows]) => `${title}\n${rowsText(rows, hasColor)}`).join("\n");
  if (trustAnchors === undefined || trustAnchors.length === 0) return text;
  return `${text}\n${renderTable(anchorColumns(now), trustAnchors, { isWide: false, hasColor })}`;
}

function rowsText(rows: readonly (readonly [string, Cell])[], hasColor: boolean): string {
  const width = Math.max(...rows.map(([title]) => title.length)) + 3;
  return rows.map(([title, cell]) => `  ${`${title}:`.padEnd(width)}${paint(cell, hasColor)}\n`).join("");
}

function requestRows(record: NonNullable<ShownLeaf["record"]>): readonly (readonly [string, Cell])[] {
  const { owner, request, issuer, namespace = "", requester = "" } = record;
  return [
    ["Namespace", namespace],
    ["Made for", owner === undefined ? "" : `${owner.kind}/${owner.name}`],
    ["Request", request === undefined ? "" : `${request.kind}/${request.name}`],
    ["Requested by", requester],
    ["Issuer", issuer === undefined ? `Capstan itself (${record.purpose})` : `${issuer.kind}/${issuer.name}`],
    ["Authority", `${record.authority}, generation ${record.generation}`],
    ["Record", `icert/${record.name}`],
  ];
}

function revocationRows({ record, revoked }: ShownLeaf, now: number): readonly (readonly [string, Cell])[] {
  if (record === undefined) return [["Revoked", "not known: you may not read the ledger"]];
  if (revoked === undefined) return [["Revoked", { text: "no", tone: "good" }]];
  return [
    ["Revoked", { text: `${revoked.at} (${formatAgo(revoked.at, now)})`, tone: "bad" }],
    ["Reason", revoked.reason],
    ["Requested by", revoked.requestedBy ?? ""],
    ["Revocation", revoked.revocation],
  ];
}

function anchorColumns(now: number): readonly Column<ShownAnchor>[] {
  return [
    { title: "TRUST ANCHOR", cell: ({ name }) => name },
    { title: "STATE", cell: ({ state }) => anchorWords[state] },
    { title: "CRL", cell: ({ crlNumber }) => (crlNumber === undefined ? "" : String(crlNumber)) },
    { title: "READ", cell: ({ readAt }) => formatAgo(readAt, now) },
  ];
}
