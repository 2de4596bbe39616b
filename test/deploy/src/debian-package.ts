import { execFile } from "node:child_process";
import { access, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A package's files, or why they cannot be had. */
export type DebianPackage =
  | { readonly folder: string; readonly missing?: undefined }
  | { readonly folder?: undefined; readonly missing: string };

/**
 * Downloads a package of this Debian and unpacks it into `${XDG_CACHE_HOME:-~/.cache}/capstan/debian/<name>`, once. Nothing is
 * installed, so nothing needs root; what the package depends on must be there.
 *
 * @example
 * const { folder, missing } = await debianPackage("prometheus");
 */
export async function debianPackage(name: string): Promise<DebianPackage> {
  const cache = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "capstan/debian");
  const folder = path.join(cache, name);
  if (await isThere(folder)) return { folder };
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(path.join(cache, `${name}-`));
  try {
    await download(name, work);
    const archive = (await readdir(work)).find((file) => file.endsWith(".deb"));
    if (archive === undefined) throw new Error("apt-get download left no file");
    await run("dpkg", ["-x", path.join(work, archive), path.join(work, "files")]);
    // Another process may have been faster, with the same files.
    await rename(path.join(work, "files"), folder).catch(async (error: unknown) => {
      if (!(await isThere(folder))) throw error;
    });
    return { folder };
  } catch (error) {
    return {
      missing: `Debian's package ${name} cannot be had: ${error instanceof Error ? error.message : String(error)}`,
    };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** With the machine's own lists of packages; where those are missing or old, with fresh ones that go into `work` too. */
async function download(name: string, work: string): Promise<void> {
  try {
    await run("apt-get", ["download", name], { cwd: work });
  } catch {
    const own = ["lists/partial", "archives/partial"];
    await Promise.all(own.map((folder) => mkdir(path.join(work, folder), { recursive: true })));
    const options = [`Dir::State::lists=${work}/lists`, `Dir::Cache=${work}`, "Debug::NoLocking=true"];
    const flags = options.map((option) => `--option=${option}`);
    await run("apt-get", [...flags, "update"], { cwd: work });
    await run("apt-get", [...flags, "download", name], { cwd: work });
  }
}

async function isThere(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}
