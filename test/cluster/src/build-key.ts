import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

/** Everything that decides what the binaries are, by name: files below `go/`, and each tool's build arguments. */
export interface BuildInputs {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly arguments: ReadonlyMap<string, readonly string[]>;
  /** `linux-x64`: a home folder may be shared by machines. */
  readonly platform: string;
}

/** The name of the cache folder for these inputs: 16 hex digits, the same whatever the order of the maps. */
export function buildKey(inputs: BuildInputs): string {
  const hash = createHash("sha256");
  // Lengths go in too, so that no two different lists of parts give the same bytes.
  const add = (part: string | Uint8Array): void => {
    const bytes = typeof part === "string" ? Buffer.from(part, "utf8") : part;
    hash.update(`${bytes.length}:`).update(bytes);
  };
  add(inputs.platform);
  for (const [name, content] of sorted(inputs.files)) {
    add(name);
    add(content);
  }
  for (const [tool, args] of sorted(inputs.arguments)) {
    add(tool);
    for (const argument of args) add(argument);
  }
  return hash.digest("hex").slice(0, 16);
}

function sorted<T>(map: ReadonlyMap<string, T>): (readonly [string, T])[] {
  return [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** Reads the go.mod, go.sum and .go files below a folder, by their relative paths. */
export async function readGoFiles(directory: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/^go\.(mod|sum)$|\.go$/.test(entry.name)) continue;
    const file = path.join(entry.parentPath, entry.name);
    files.set(path.relative(directory, file), await readFile(file));
  }
  return files;
}
