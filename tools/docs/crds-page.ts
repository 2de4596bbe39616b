import { readdir, readFile } from "node:fs/promises";
import { parse } from "yaml";

// Every field of every kind, from the CRDs: what the API server itself holds people to.

interface Definition {
  readonly spec: {
    readonly scope: string;
    readonly names: { readonly kind: string; readonly plural: string; readonly shortNames?: readonly string[] };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly "x-kubernetes-validations"?: readonly { readonly rule: string; readonly message?: string }[];
}

const folder = new URL("../../packages/api/crds/", import.meta.url);

/** docs/reference/crds.md. */
export async function crdsPage(): Promise<string> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".yaml")).toSorted();
  const definitions = await Promise.all(
    files.map(async (file) => parse(await readFile(new URL(file, folder), "utf8")) as Definition),
  );
  const list = definitions.map(({ spec: { names } }) => `- [${names.kind}](#${names.kind.toLowerCase()})`);
  return `# Kinds of capstan.dev

Made from packages/api/crds; do not edit. \`kubectl explain\` says the same of a running cluster. A star marks a field that must be there.
Durations are Go's: \`24h\`, \`90m\`.

${list.join("\n")}

${definitions.map(section).join("\n")}`;
}

function section({ spec: { scope, names, versions } }: Definition): string {
  return versions
    .map(({ name, schema: { openAPIV3Schema: schema } }) => {
      const short = names.shortNames === undefined ? "" : `, \`${names.shortNames.join("`, `")}\``;
      const parts = ["spec", "status"].flatMap((part) => {
        const under = schema.properties?.[part];
        if (under === undefined) return [];
        const lines = [...rules(under, part), ...fieldsOf(under, part)].map((line) => `| ${line.join(" | ")} |`);
        return [`\n### ${names.kind} ${part}\n\n| field | type | |\n| --- | --- | --- |\n${lines.join("\n")}\n`];
      });
      const words = schema.description ?? "";
      return `## ${names.kind}\n\n\`capstan.dev/${name}\`, ${scope.toLowerCase()}, \`${names.plural}\`${short}. ${words}\n${parts.join("")}`;
    })
    .join("\n");
}

type Row = readonly [field: string, type: string, words: string];

function fieldsOf(schema: Schema, at: string): readonly Row[] {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${at}.${name}`;
    const own: Row = [`\`${path}\`${required.has(name) ? " \\*" : ""}`, typeOf(field), wordsOf(field)];
    return [own, ...rules(field, path), ...below(field, path)];
  });
}

function below(schema: Schema, at: string): readonly Row[] {
  if (schema.items !== undefined) return [...rules(schema.items, `${at}[]`), ...below(schema.items, `${at}[]`)];
  const { additionalProperties: each } = schema;
  if (typeof each === "object") return below(each, `${at}.*`);
  return fieldsOf(schema, at);
}

/** What the API server checks across fields, in the words that it refuses with. */
function rules(schema: Schema, at: string): readonly Row[] {
  return (schema["x-kubernetes-validations"] ?? []).map(({ rule, message }) => [
    `\`${at}\``,
    "rule",
    cell(message ?? rule),
  ]);
}

function typeOf(schema: Schema): string {
  if (schema.type === "array") return `list of ${schema.items === undefined ? "values" : typeOf(schema.items)}`;
  const { additionalProperties: each } = schema;
  if (typeof each === "object") return `map of ${typeOf(each)}`;
  return schema.format ?? schema.type ?? "any";
}

function wordsOf(schema: Schema): string {
  const leaf = schema.type === "array" ? (schema.items ?? {}) : schema;
  const choices =
    leaf.enum === undefined ? [] : [`One of ${leaf.enum.map((value) => `\`${String(value)}\``).join(", ")}.`];
  const fallback = schema.default === undefined ? [] : [`Default \`${JSON.stringify(schema.default)}\`.`];
  const pattern = leaf.pattern === undefined ? [] : [`Matches \`${leaf.pattern}\`.`];
  const words = [
    ...(schema.description === undefined ? [] : [schema.description]),
    ...choices,
    ...pattern,
    ...range(leaf.minimum, leaf.maximum, ""),
    ...range(leaf.minLength, leaf.maxLength, " characters"),
    ...range(schema.minItems, schema.maxItems, " items"),
    ...fallback,
  ];
  return cell(words.join(" "));
}

function range(least: number | undefined, most: number | undefined, unit: string): readonly string[] {
  if (least === undefined && most === undefined) return [];
  if (least === undefined) return [`At most ${most}${unit}.`];
  return most === undefined ? [`At least ${least}${unit}.`] : [`${least} to ${most}${unit}.`];
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("\n", " ");
}
