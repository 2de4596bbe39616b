import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { isMap, isPair, isScalar, type Pair, parse, parseDocument, stringify } from "yaml";
import { dashboards } from "./dashboards.ts";
import { formatDashboard } from "./format-dashboard.ts";
import { chartFolder } from "./render-chart.ts";

const docs = fileURLToPath(new URL("../../docs/reference", import.meta.url));

/** A value of the chart, or a group of them. */
export interface ValueRow {
  /** `crlServer.service.port`. */
  readonly name: string;
  /** As JSON; undefined for a group. */
  readonly fallback: string | undefined;
  /** The comment above it. */
  readonly about: string;
}

/** Writes what people read about the chart from the chart itself, and the dashboards' JSON. */
export async function writeReference(): Promise<void> {
  const values = formatValues(readValues(await readFile(path.join(chartFolder, "values.yaml"), "utf8")));
  const alerts = formatAlerts(await readFile(path.join(chartFolder, "alerts.yaml"), "utf8"));
  await writeFile(path.join(docs, "values.md"), `# Values of the chart\n\n${generated}\n\n${values}`);
  await writeFile(path.join(docs, "alerts.md"), `# Alerts\n\n${generated}\n\n${alerts}`);
  const template = await readFile(path.join(chartFolder, "README.template.md"), "utf8");
  await writeFile(path.join(chartFolder, "README.md"), template.replace("<!-- values -->\n", values));
  for (const dashboard of dashboards) {
    await writeFile(path.join(chartFolder, "dashboards", `${dashboard.name}.json`), formatDashboard(dashboard));
  }
}

const generated = "Written by `pnpm generate` from deploy/chart.";

/** Every value of values.yaml in its order, each with the comment above it. */
export function readValues(text: string): readonly ValueRow[] {
  const { contents } = parseDocument(text);
  return isMap(contents) ? contents.items.flatMap((pair) => rowsOf(pair, "")) : [];
}

function rowsOf(pair: unknown, above: string): readonly ValueRow[] {
  if (!isPair(pair) || !isScalar(pair.key)) return [];
  const name = `${above}${String(pair.key.value)}`;
  const { value } = pair;
  const about = commentOf(pair);
  // A map that its reader fills is a value; one that the schema fills is a group.
  if (isMap(value) && value.items.length > 0 && !value.flow && !name.endsWith(".resources")) {
    // The comment above a map's first value belongs to the map, for the parser.
    const first = value.commentBefore ?? "";
    const rows = value.items.flatMap((child, index) => {
      const [row, ...rest] = rowsOf(child, `${name}.`);
      if (row === undefined) return [];
      return [index === 0 && first !== "" ? { ...row, about: oneLine(first) } : row, ...rest];
    });
    return about === "" ? rows : [{ name, fallback: undefined, about }, ...rows];
  }
  const plain: unknown = parse(stringify(value));
  return [{ name, fallback: JSON.stringify(plain), about }];
}

function commentOf({ key }: Pair): string {
  return isScalar(key) ? oneLine(key.commentBefore ?? "") : "";
}

function oneLine(comment: string): string {
  // What an empty line parts from the value is about the whole file.
  const own = comment.split("\n\n").at(-1) ?? "";
  return own
    .split("\n")
    .map((line) => line.trim())
    .join(" ")
    .trim();
}

function formatValues(rows: readonly ValueRow[]): string {
  const lines = rows.map(({ name, fallback, about }) => {
    const shown = fallback === undefined ? "" : `\`${fallback}\``;
    return `| \`${name}\` | ${shown} | ${about.replaceAll("|", "\\|").replaceAll("<", "&lt;")} |\n`;
  });
  return `| value | default | what |\n| --- | --- | --- |\n${lines.join("")}`;
}

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly for?: string;
      readonly labels: { readonly severity: string };
      readonly annotations: Readonly<Record<"summary" | "description" | "runbook", string>>;
    }[];
  }[];
}

function formatAlerts(text: string): string {
  const { groups } = parse(text) as Rules;
  const sections = groups.flatMap(({ rules }) =>
    rules.map(({ alert, for: after = "at once", labels, annotations: { summary, description, runbook } }) => {
      const plain = summary.replaceAll(/\{\{ *\$(labels\.)?(\w+)[^}]*\}\}/g, "*$2*");
      const when = after === "at once" ? after : `after ${after}`;
      return `## ${alert}\n\n**${labels.severity}**, ${when}: ${plain}.\n\n${description}\n\n*What to do:* ${runbook}\n`;
    }),
  );
  return sections.join("\n");
}
