// Writes src/doctor/program-rights.ts: what the manifests allow Capstan's programs, so that doctor can tell what is missing.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";

const manifests = new URL("../../../deploy/manifests/", import.meta.url);
const output = new URL("../src/doctor/program-rights.ts", import.meta.url);

/** Roles that an administrator may leave out. */
const optional = new Set(["capstan-issuer-reissue", "capstan-revoke-on-deletion"]);

interface Manifest {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly rules?: readonly {
    readonly apiGroups?: readonly string[];
    readonly resources?: readonly string[];
    readonly resourceNames?: readonly string[];
    readonly verbs?: readonly string[];
  }[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
}

/** The text of the module, from the manifests as they are. */
export async function rightsModule(): Promise<string> {
  const files = (await readdir(manifests)).filter((file) => file.endsWith(".yaml")).toSorted();
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, manifests), "utf8")));
  const objects = texts.flatMap((text) => {
    const documents = parseAllDocuments(text);
    return Array.isArray(documents) ? documents.map((document) => (document.toJS() ?? {}) as Manifest) : [];
  });
  const lines = objects.flatMap(({ kind = "", roleRef, subjects = [] }) => {
    const isBinding = kind === "RoleBinding" || kind === "ClusterRoleBinding";
    if (!isBinding || roleRef === undefined || optional.has(roleRef.name)) return [];
    const role = objects.find((object) => object.kind === roleRef.kind && object.metadata?.name === roleRef.name);
    return subjects
      .filter(({ namespace }) => namespace === "capstan-system")
      .flatMap(({ name: account }) =>
        (role?.rules ?? []).flatMap((rule) => rowsOf(rule, { account, isNamespaced: kind === "RoleBinding" })),
      );
  });
  return `// Generated from deploy/manifests by packages/kubectl-capstan/tools/generate-rights.ts; do not edit.

/** A right that a program of Capstan's needs. */
export interface ProgramRight {
  readonly account: string;
  /** In Capstan's own namespace alone. */
  readonly isNamespaced: boolean;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verb: string;
  readonly name?: string;
}

export const programRights: readonly ProgramRight[] = [
${lines.join("\n")}
];
`;
}

function rowsOf(
  { apiGroups = [], resources = [], resourceNames, verbs = [] }: NonNullable<Manifest["rules"]>[number],
  of: { readonly account: string; readonly isNamespaced: boolean },
): readonly string[] {
  return apiGroups.flatMap((group) =>
    resources.flatMap((path) => {
      const [resource = "", subresource] = path.split("/");
      return verbs.flatMap((verb) =>
        (resourceNames ?? [undefined]).map((name) => {
          const right = { ...of, group, resource, subresource, verb, name };
          const members = Object.entries(right).filter(([, value]) => value !== undefined);
          return `  { ${members.map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join(", ")} },`;
        }),
      );
    }),
  );
}

if (import.meta.main) {
  await writeFile(output, await rightsModule());
  process.stdout.write(`${fileURLToPath(output)}\n`);
}
