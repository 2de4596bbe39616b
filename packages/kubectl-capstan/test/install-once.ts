import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import process from "node:process";

/**
 * Fills `${XDG_CACHE_HOME:-~/.cache}/capstan/<name>-<hash of from>` once, and returns it. The folder appears by a rename, so what
 * is there is whole, and of two that fill it at once one wins.
 *
 * @param from what decides on the contents: versions, settings
 * @param fill gets an empty folder, which is another one until it is filled
 */
export async function installOnce(
  name: string,
  from: string,
  fill: (folder: string, final: string) => Promise<void>,
): Promise<string> {
  const key = createHash("sha256").update(`${from}${process.arch}`).digest("hex").slice(0, 16);
  const xdg = process.env["XDG_CACHE_HOME"];
  const cache = join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(homedir(), ".cache"), "capstan");
  const folder = join(cache, `${name}-${key}`);
  if (await exists(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const unfinished = await mkdtemp(join(cache, `.unfinished-${name}-`));
  try {
    await fill(unfinished, folder);
    await rename(unfinished, folder).catch(async (error: unknown) => {
      if (!(await exists(folder))) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return folder;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
