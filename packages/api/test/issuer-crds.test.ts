import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { parse } from "yaml";

interface Crd {
  readonly spec: {
    readonly versions: readonly {
      readonly schema: { readonly openAPIV3Schema: { readonly properties: Record<"spec" | "status", Schema> } };
      readonly additionalPrinterColumns: unknown;
    }[];
  };
}
interface Schema {
  readonly properties: Readonly<Record<string, unknown>>;
}

async function versionOf(plural: string): Promise<Crd["spec"]["versions"][number]> {
  const text = await readFile(new URL(`../crds/capstan.dev_${plural}.yaml`, import.meta.url), "utf8");
  const [version] = (parse(text) as Crd).spec.versions;
  if (version === undefined) throw new Error(`${plural} has no version`);
  return version;
}

// CapstanIssuers are written by tenants' administrators: CEL and requests without a namespace are not theirs.
const clusterOnly: readonly string[] = ["clusterRequests", "validations"];

test("the two issuer kinds have one schema, but for what speaks of the whole cluster", async () => {
  const [cluster, namespaced] = await Promise.all([versionOf("capstanclusterissuers"), versionOf("capstanissuers")]);
  const { spec, status } = cluster.schema.openAPIV3Schema.properties;
  const properties = Object.fromEntries(
    Object.entries(spec.properties).filter(([name]) => !clusterOnly.includes(name)),
  );
  expect(Object.keys(spec.properties)).toEqual(expect.arrayContaining([...clusterOnly]));
  const { spec: namespacedSpec, status: namespacedStatus } = namespaced.schema.openAPIV3Schema.properties;
  expect(namespacedSpec).toEqual({ ...spec, properties });
  expect(namespacedStatus).toEqual(status);
  expect(namespaced.additionalPrinterColumns).toEqual(cluster.additionalPrinterColumns);
});
