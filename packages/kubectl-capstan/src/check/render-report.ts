import { paint } from "../output/table.ts";
import { printable } from "../output/printable.ts";
import type { CheckReport } from "./check-asked.ts";

/** A report as text: the verdict, then each violation with its cure, or what would be issued and what AWS makes of it. */
export function renderReport(report: CheckReport, { hasColor }: { readonly hasColor: boolean }): string {
  const { verdict, asked, namespace, issuer, authority } = report;
  const isAccepted = verdict === "Accepted";
  const where = namespace === undefined ? "" : ` in namespace ${namespace}`;
  const words = paint(
    { text: isAccepted ? "would be issued" : "would be refused", tone: isAccepted ? "good" : "bad" },
    hasColor,
  );
  const lines = [
    `${printable(asked)}${printable(where)}: ${words} by ${printable(issuer)} of CertificateAuthority ${printable(authority)}`,
    ...report.violations.flatMap(({ field, rule, cure, code }) => [
      `  ${printable(field)}: ${printable(rule)} (${code})`,
      ...(cure === undefined ? [] : [`    cure: ${printable(cure)}`]),
    ]),
    ...describe(report),
    ...report.assumed.map((text) => `  assumed: ${printable(text)}`),
  ];
  return `${lines.join("\n")}\n`;
}

function describe({ leaf, aws }: CheckReport): readonly string[] {
  if (leaf === undefined) return [];
  const rows: readonly (readonly [string, string])[] = [
    ["subject", leaf.subject],
    ["alternative names", leaf.alternativeNames.join(", ")],
    ["duration", leaf.duration],
    ["usages", leaf.usages.join(", ")],
    ...(leaf.isCA ? [["CA certificate", "yes"] as const] : []),
    ...(aws === undefined
      ? []
      : [
          ["sts:SourceIdentity", aws.sourceIdentity ?? "none that AWS would take"] as const,
          ...Object.entries(aws.sessionTags).map(([key, value]) => [`aws:PrincipalTag/${key}`, value] as const),
        ]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    ...rows.map(([name, value]) => `  ${printable(name.padEnd(width))}  ${value === "" ? "-" : printable(value)}`),
    ...leaf.notes.map((note) => `  note: ${printable(note)}`),
  ];
}
