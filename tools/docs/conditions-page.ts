import { conditionTables, eventTables, type ReasonTable } from "./reasons.ts";

/** docs/reference/conditions.md. */
export function conditionsPage(): string {
  return `# Conditions, reasons and events

Made from tools/docs/reasons.ts; do not edit. Types and reasons are part of the API: alerts may compare them. The words of a
message may change.

${[...conditionTables, ...eventTables].map(section).join("\n")}`;
}

function section({ of, about, rows }: ReasonTable): string {
  const lines = rows.map(({ reason, cause, cure }) => `| \`${reason}\` | ${cause} | ${cure === "" ? "–" : cure} |`);
  const words = about === "" ? "" : `${about}\n\n`;
  return `## ${of}\n\n${words}| reason | what it means | what to do |\n| --- | --- | --- |\n${lines.join("\n")}\n`;
}
