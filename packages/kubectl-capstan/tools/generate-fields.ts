// Writes src/doctor/known-fields.ts: the fields of Capstan's kinds, so that doctor can tell definitions of an older release.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { fieldsOf, type Schema } from "../src/doctor/schema-fields.ts";

const crds = new URL("../../api/crds/", import.meta.url);
const output = new URL("../src/doctor/known-fields.ts", import.meta.url);

interface Definition {
  readonly spec: {
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

/** Kind and fields of each custom resource definition as it is. */
export async function definedFields(): Promise<Readonly<Record<string, readonly string[]>>> {
  const files = (await readdir(crds))
    .filter((file) => file.endsWith(".yaml") && file.startsWith("capstan.dev_"))
    .toSorted();
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, crds), "utf8")));
  return Object.fromEntries(
    texts.map((text) => {
      const { spec } = parse(text) as Definition;
      return [spec.names.kind, fieldsOf(spec.versions[0]?.schema.openAPIV3Schema ?? {})];
    }),
  );
}

if (import.meta.main) {
  const lines = Object.entries(await definedFields()).map(
    ([kind, fields]) => `  ${kind}: [\n${fields.map((field) => `    ${JSON.stringify(field)},\n`).join("")}  ],\n`,
  );
  await writeFile(
    output,
    `// Generated from packages/api/crds by packages/kubectl-capstan/tools/generate-fields.ts; do not edit.

/** Fields of spec and status that this release writes or reads, by kind. */
export const knownFields: Readonly<Record<string, readonly string[]>> = {
${lines.join("")}};
`,
  );
  process.stdout.write(`${fileURLToPath(output)}\n`);
}
