import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { debianPackage } from "./debian-package.ts";

/** Runs buildah with these arguments, and returns what it wrote, without white space around it. */
export type Buildah = (command: string, ...args: readonly string[]) => Promise<string>;

/** Flags of the commands that look at the policy of signatures, which is none. */
const unsigned = new Set(["bud", "commit", "from", "pull"]);
/** Beside the program, what of its libraries is not on every Debian. */
const packages = ["buildah", "libgpgme11", "libassuan0", "libdevmapper1.02.1", "runc"];

/**
 * Debian's buildah, which makes images without a daemon: with a store of its own in `folder`, and no registry. Containers have the
 * host's network.
 *
 * @returns what it is, or why there is none
 */
export async function findBuildah(
  folder: string,
): Promise<{ readonly buildah: Buildah; readonly missing?: undefined } | { readonly missing: string }> {
  if (process.getuid?.() !== 0) return { missing: "containers need root here" };
  const folders = new Map<string, string>();
  for (const name of packages) {
    const found = await debianPackage(name);
    if (found.folder === undefined) return { missing: found.missing };
    folders.set(name, found.folder);
  }
  const fileOf = (name: string, file: string): string => path.join(folders.get(name) ?? "", file);
  const [policy, registries] = [path.join(folder, "policy.json"), path.join(folder, "registries.conf")];
  await mkdir(folder, { recursive: true });
  await writeFile(policy, '{ "default": [{ "type": "insecureAcceptAnything" }] }\n');
  await writeFile(registries, "unqualified-search-registries = []\n");
  const libraries = packages.flatMap((name) =>
    ["usr/lib", "lib"].map((lib) => fileOf(name, path.join(lib, "x86_64-linux-gnu"))),
  );
  const env = {
    ...process.env,
    LD_LIBRARY_PATH: libraries.join(":"),
    BUILDAH_RUNTIME: fileOf("runc", "usr/sbin/runc"),
  };
  const store = [
    "--root",
    path.join(folder, "store"),
    "--runroot",
    path.join(folder, "run"),
    "--storage-driver",
    "vfs",
  ];
  return {
    buildah: async (command, ...args) => {
      const flags = unsigned.has(command) ? ["--signature-policy", policy] : [];
      const argv = [...store, "--registries-conf", registries, command, ...flags, ...args];
      const { stdout } = await promisify(execFile)(fileOf("buildah", "usr/bin/buildah"), argv, {
        env,
        maxBuffer: 1 << 26,
      });
      return stdout.trim();
    },
  };
}
