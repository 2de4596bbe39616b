// Writes src/generated/ from crds/: one interface per kind and one resource description each.
// The CRD YAML is the only source; CI runs this and fails when the committed output differs.
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { compile } from "json-schema-to-typescript";
import { parse } from "yaml";

interface CustomResourceDefinition {
  readonly spec: {
    readonly group: string;
    readonly scope: "Cluster" | "Namespaced";
    readonly names: { readonly kind: string; readonly plural: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}
interface Schema {
  readonly [key: string]: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}

const root = new URL("..", import.meta.url);
const crds = new URL("crds/", root);
const output = new URL("src/generated/", root);

/** Drops what has no meaning in a type: bounds, CEL rules and list kinds. */
function forTypes(schema: Schema, depth = 0): Schema {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (
      key.startsWith("x-kubernetes-") ||
      ["maxItems", "minItems", "pattern", "format", "maxLength", "minLength", "maxProperties", "default"].includes(key)
    ) {
      continue;
    }
    if (key === "properties") {
      const properties = Object.entries(value as Record<string, Schema>)
        // metadata and the type's own name are ObjectMeta's and the reader's business.
        .filter(([name]) => depth > 0 || (name !== "metadata" && name !== "apiVersion" && name !== "kind"))
        .map(([name, property]) => [name, forTypes(property, depth + 1)] as const);
      kept[key] = Object.fromEntries(properties);
    } else if (key === "items" || (key === "additionalProperties" && typeof value === "object")) {
      kept[key] = forTypes(value as Schema, depth + 1);
    } else {
      kept[key] = value;
    }
  }
  if (kept["type"] === "object" && kept["additionalProperties"] === undefined) kept["additionalProperties"] = false;
  return kept;
}

/** Fields that the API server fills in when a user leaves them out are always there when we read. */
function requireDefaults(schema: Schema): Schema {
  const properties = schema.properties;
  const required = new Set((schema["required"] as readonly string[] | undefined) ?? []);
  const next: Record<string, unknown> = { ...schema };
  if (properties !== undefined) {
    for (const [name, property] of Object.entries(properties)) if ("default" in property) required.add(name);
    next["properties"] = Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [name, requireDefaults(property)]),
    );
    next["required"] = [...required];
  }
  if (typeof schema["items"] === "object") next["items"] = requireDefaults(schema["items"] as Schema);
  return next;
}

const banner = "// Generated from packages/api/crds by packages/api/tools/generate.ts; do not edit.\n";

await rm(output, { recursive: true, force: true });
await mkdir(output, { recursive: true });
const kinds: { readonly kind: string; readonly file: string; readonly description: string }[] = [];
for (const file of (await readdir(crds)).filter((name) => name.endsWith(".yaml")).toSorted()) {
  const crd = parse(await readFile(new URL(file, crds), "utf8")) as CustomResourceDefinition;
  const { group, scope, names, versions } = crd.spec;
  for (const version of versions) {
    const schema = forTypes(requireDefaults(version.schema.openAPIV3Schema));
    const body = await compile({ ...schema, title: `${names.kind}Body` }, `${names.kind}Body`, {
      bannerComment: "",
      additionalProperties: false,
      style: { printWidth: 120 },
    });
    const base = names.kind.replaceAll(/([a-z])([A-Z])/g, "$1-$2").toLowerCase();
    const description = version.schema.openAPIV3Schema.description ?? names.kind;
    await writeFile(
      new URL(`${base}.ts`, output),
      `${banner}import type { CustomObject, CustomResource } from "../custom-resource.ts";\n\n${body}\n/** ${description} */\nexport type ${names.kind} = CustomObject<"${names.kind}"> & ${names.kind}Body;\n\nexport const ${names.kind.charAt(0).toLowerCase()}${names.kind.slice(1)}Resource: CustomResource<"${names.kind}"> = {\n  group: "${group}",\n  version: "${version.name}",\n  plural: "${names.plural}",\n  kind: "${names.kind}",\n  namespaced: ${String(scope === "Namespaced")},\n};\n`,
    );
    kinds.push({ kind: names.kind, file: base, description });
  }
}
await writeFile(
  new URL("index.ts", output),
  banner +
    kinds
      .map(
        ({ kind, file }) =>
          `export { type ${kind}, ${kind.charAt(0).toLowerCase()}${kind.slice(1)}Resource } from "./${file}.ts";\n`,
      )
      .join(""),
);
