import { formatAgo, formatLeft } from "../output/human-time.ts";
import { printable } from "../output/printable.ts";
import { type Cell, type Column, paint, renderTable, type TableStyle } from "../output/table.ts";
import type { Answer } from "./answer.ts";
import type { Verdict } from "./judgement.ts";

const words: Readonly<Record<Verdict, Cell>> = {
  Issued: { text: "issued by us", tone: "good" },
  Forged: { text: "FORGED", tone: "bad" },
  Unrecorded: { text: "SIGNED BY OUR KEY, NOT IN OUR RECORDS", tone: "bad" },
  OlderThanRecords: "older than our records",
  NeverIssued: { text: "never issued by us", tone: "bad" },
  Unknown: "not in our records",
};

/** One answer in words, the most important first. `now` in milliseconds since 1970. */
export function renderAnswer(
  answer: Answer,
  { now, hasColor }: { readonly now: number; readonly hasColor: boolean },
): string {
  const { record, sessions, verdict, isImitated = false } = answer;
  const lines: readonly (readonly [string, Cell])[] = [
    ["Serial", answer.serial],
    ["Verdict", words[verdict]],
    ...answer.evidence.map((fact, index) => [index === 0 ? "Because" : "", fact] as const),
    ...(record === undefined
      ? []
      : ([
          [isImitated ? "Imitates" : "Workload", workloadOf(answer)],
          ["Requested by", record.requester ?? ""],
          ["Request", requestOf(answer)],
          ["Issuer", record.issuer === undefined ? "" : `${record.issuer.kind}/${record.issuer.name}`],
          ["Authority", `${record.authority}, generation ${record.generation}`],
          ["Subject", record.subject],
          ["Names", [...record.dnsNames, ...record.uris].join(", ")],
          ["Valid", `${record.notBefore} to ${record.notAfter} (${formatLeft(record.notAfter, now)})`],
          ["Revoked", revokedText(answer, now)],
          ["Record", `icert/${record.name}`],
        ] as const)),
    ...(sessions === undefined
      ? []
      : ([
          ["Sessions", sessionText(answer)],
          ...sessions.roleArns.map((arn, index) => [index === 0 ? "Roles" : "", arn] as const),
        ] as const)),
  ];
  const width = Math.max(...lines.map(([title]) => title.length)) + 3;
  return lines
    .map(([title, cell]) => `${(title === "" ? "" : `${title}:`).padEnd(width)}${paint(cell, hasColor)}\n`)
    .join("");
}

/** Columns of several answers. */
export function answerColumns(now: number): readonly Column<Answer>[] {
  return [
    { title: "SERIAL", cell: ({ serial }) => serial },
    { title: "VERDICT", cell: ({ verdict }) => words[verdict] },
    {
      title: "WORKLOAD",
      cell: (answer) => (answer.isImitated === true ? `imitates ${workloadOf(answer)}` : workloadOf(answer)),
    },
    { title: "SUBJECT", cell: ({ record }) => record?.subject ?? "" },
    { title: "STATE", cell: (answer) => stateOf(answer, now) },
    { title: "EVENTS", cell: ({ sessions }) => (sessions === undefined ? "" : String(sessions.events)) },
    { title: "LAST EVENT", cell: ({ sessions }) => sessions?.last ?? "" },
    { title: "REQUESTER", isWide: true, cell: ({ record }) => record?.requester ?? "" },
    { title: "REQUEST", isWide: true, cell: requestOf },
    { title: "CA", isWide: true, cell: ({ record }) => record?.authority ?? "" },
    {
      title: "GENERATION",
      isWide: true,
      cell: ({ record }) => (record === undefined ? "" : String(record.generation)),
    },
    { title: "NOT AFTER", isWide: true, cell: ({ record }) => record?.notAfter ?? "" },
    { title: "BECAUSE", isWide: true, cell: ({ evidence }) => evidence.join("; ") },
  ];
}

export function renderAnswers(
  answers: readonly Answer[],
  { now, ...style }: TableStyle & { readonly now: number },
): string {
  return renderTable(answerColumns(now), answers, style);
}

/** Facts of what is neither ours nor old: a table cannot hold them. */
export function explainAnswers(answers: readonly Answer[]): readonly string[] {
  return answers
    .filter(({ verdict }) => verdict === "Forged" || verdict === "Unrecorded")
    .map(({ serial, verdict, evidence }) => printable(`${serial} ${verdict}: ${evidence.join("; ")}`));
}

function workloadOf({ record }: Answer): string {
  if (record === undefined) return "";
  if (record.purpose !== "Workload") return `Capstan itself (${record.purpose})`;
  const { namespace = "", owner, request } = record;
  const who = owner === undefined ? request : owner;
  const name = who === undefined ? "" : `${who.kind}/${who.name}`;
  return namespace === "" ? name : `${namespace} ${name}`;
}

function requestOf({ record }: Answer): string {
  return record?.request === undefined ? "" : `${record.request.kind}/${record.request.name}`;
}

function revokedText({ revoked }: Answer, now: number): Cell {
  if (revoked === undefined) return "no";
  const by = revoked.requestedBy === undefined ? "" : ` by ${revoked.requestedBy}`;
  const where =
    revoked.published === undefined
      ? "its Revocation is gone or not for you to read, so whether AWS has it is not known here"
      : revoked.published
        ? "every trust anchor has it"
        : `NOT IN EVERY TRUST ANCHOR YET: ${
            revoked.anchors
              ?.filter(({ published }) => !published)
              .map(({ name }) => name)
              .join(", ") ?? ""
          }`;
  return {
    text: `${revoked.at} (${formatAgo(revoked.at, now)})${by}, ${revoked.reason}, Revocation ${revoked.revocation}; ${where}`,
    tone: "bad",
  };
}

function stateOf({ record, revoked, verdict }: Answer, now: number): Cell {
  if (record === undefined || verdict !== "Issued") return "";
  if (revoked !== undefined) {
    const reach = revoked.published === false ? ", not published yet" : "";
    return { text: `revoked (${revoked.reason}${reach})`, tone: "bad" };
  }
  return Date.parse(record.notAfter) > now ? { text: "valid", tone: "good" } : "expired";
}

function sessionText({ sessions }: Answer): string {
  if (sessions === undefined) return "";
  const { events, refused, first, last } = sessions;
  const when = first === last ? first : `${first} to ${last}`;
  return `${events} ${events === 1 ? "event" : "events"}${refused === 0 ? "" : ` (${refused} refused by AWS)`}, ${when}`;
}
