import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { parse as parseYaml } from "yaml";

type Fields = Record<string, unknown>;

/** One context of a kubeconfig with its cluster and user, as raw fields; every path in it is absolute. */
export interface KubeconfigContext {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly cluster: Fields;
  readonly user: Fields;
}

/** A kubeconfig that cannot be used. The message names the file, the field and the cure, and never quotes contents. */
export class KubeconfigError extends Error {
  override readonly name = "KubeconfigError";
  readonly code = "ERR_KUBECONFIG";
}

/**
 * Reads kubeconfig files and picks a context. As in kubectl, the first file to name a cluster, user or context wins,
 * as does the first current-context; paths are relative to the file that holds them, and `…-data` wins over a path.
 */
export function readKubeconfig(files: readonly string[], context?: string): KubeconfigContext {
  const documents = files.map((file) => ({ file, document: parse(file) }));
  const where = files.join(", ");
  const name =
    context ?? documents.map(({ document }) => text(document, "current-context")).find((found) => found !== undefined);
  if (name === undefined) throw new KubeconfigError(`${where}: no current-context: set one or name a context`);
  const find = (list: string, kind: string, wanted: string): Fields => {
    for (const { file, document } of documents) {
      const entry = entries(file, document, list).find((entry) => entry["name"] === wanted);
      if (entry !== undefined) return withAbsolutePaths(fields(entry[kind]), dirname(file));
    }
    throw new KubeconfigError(`${where}: ${kind} "${wanted}" does not exist in ${list}`);
  };
  const chosen = find("contexts", "context", name);
  const cluster = text(chosen, "cluster");
  const user = text(chosen, "user");
  if (cluster === undefined) throw new KubeconfigError(`${where}: context "${name}" names no cluster`);
  if (user === undefined) throw new KubeconfigError(`${where}: context "${name}" names no user`);
  return {
    name,
    namespace: text(chosen, "namespace"),
    cluster: find("clusters", "cluster", cluster),
    user: refuseUnsupported(find("users", "user", user), where, user),
  };
}

/** The value of a string field, or undefined when it is missing or empty. */
export function text(from: Fields, field: string): string | undefined {
  const value = from[field];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function parse(file: string): Fields {
  let source: string;
  try {
    source = readFileSync(file, "utf8");
  } catch (cause) {
    throw new KubeconfigError(`kubeconfig ${file} cannot be read`, { cause });
  }
  try {
    return fields(parseYaml(source));
  } catch {
    // Without the parser's error: it quotes the lines around the fault, and these may hold a key.
    throw new KubeconfigError(`kubeconfig ${file} is not valid YAML`);
  }
}

function entries(file: string, document: Fields, list: string): readonly Fields[] {
  const value = document[list] ?? [];
  if (!Array.isArray(value)) throw new KubeconfigError(`kubeconfig ${file}: ${list} is not a list`);
  return value.map((entry) => fields(entry));
}

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

const pathFields: Readonly<Record<string, string | undefined>> = {
  "certificate-authority": "certificate-authority-data",
  "client-certificate": "client-certificate-data",
  "client-key": "client-key-data",
  tokenFile: undefined,
};

function withAbsolutePaths(from: Fields, folder: string): Fields {
  const result = { ...from };
  for (const [field, data] of Object.entries(pathFields)) {
    const path = text(from, field);
    if (path === undefined) continue;
    if (data !== undefined && text(from, data) !== undefined) delete result[field];
    else result[field] = isAbsolute(path) ? path : join(folder, path);
  }
  return result;
}

/** client-node would ignore these and act as somebody else than the file says. */
function refuseUnsupported(user: Fields, where: string, name: string): Fields {
  for (const field of ["as-groups", "as-uid", "as-user-extra"]) {
    if (user[field] !== undefined) {
      throw new KubeconfigError(`${where}: user "${name}" has ${field}, which is not supported: use "as" alone`);
    }
  }
  return user;
}
