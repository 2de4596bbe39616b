import { apiGroup } from "@capstan/api";
import type { Check, Finding } from "./check.ts";
import { knownFields } from "./known-fields.ts";
import { fieldsOf, type Schema } from "./schema-fields.ts";

const openApiPath = `/openapi/v3/apis/${apiGroup}/v1alpha1`;
const kindKey = "x-kubernetes-group-version-kind";

interface OpenApi {
  readonly components?: {
    readonly schemas?: Readonly<
      Record<string, Schema & { readonly [kindKey]?: readonly { readonly group: string; readonly kind: string }[] }>
    >;
  };
}

/** Whether the API server keeps every field that this release writes: of a schema without one it drops it in silence. */
export const crdFields: Check = {
  id: "capstan-crd-fields",
  group: "Cluster",
  title: "Capstan's kinds have every field of this release",
  reads: `OpenAPI of ${apiGroup}/v1alpha1`,
  needs: ["capstan-crds"],
  run: async (world) => {
    const schemas = Object.values((await world.read<OpenApi>(openApiPath))?.components?.schemas ?? {});
    if (schemas.length === 0) return { unseen: `the API server shows nothing at ${openApiPath}` };
    return Object.entries(knownFields).flatMap(([kind, fields]): readonly Finding[] => {
      const schema = schemas.find(
        (one) => one[kindKey]?.some((name) => name.group === apiGroup && name.kind === kind) === true,
      );
      const served = new Set(fieldsOf(schema ?? {}));
      const missing = fields.filter((field) => !served.has(field));
      if (missing.length === 0) return [];
      const more = missing.length > 3 ? ` and ${missing.length - 3} more` : "";
      return [
        {
          id: "capstan-crds-outdated",
          subject: `customresourcedefinition of ${kind}`,
          cause: `the API server does not know ${missing.slice(0, 3).join(", ")}${more} of ${kind}`,
          cure: "kubectl apply --server-side --force-conflicts -k packages/api/crds",
        },
      ];
    });
  },
};
