import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { baseFiles, nodeInImage, userId } from "./base-files.ts";
import { bundlePrograms } from "./bundle-programs.ts";
import { buildArchive, type ImageArchive, type ImageConfig } from "./oci-archive.ts";
import type { TarEntry } from "./tar.ts";

/** As the chart names it. */
export const imageName = "capstan:0.1.0";

/** How it starts: with the name of a bundle and flags as arguments. */
export const imageConfig: ImageConfig = {
  User: `${userId}:${userId}`,
  WorkingDir: "/app",
  Entrypoint: [nodeInImage, "--enable-source-maps"],
  Env: ["PATH=/nodejs/bin"],
  Labels: { "org.opencontainers.image.title": "capstan", "org.opencontainers.image.licenses": "Apache-2.0" },
};

/**
 * The image of all three programs, as deploy/image/Dockerfile makes it, but without a daemon and without a registry: what is below
 * the programs comes from this machine.
 *
 * @example
 * const { tar, digest } = await buildImage();
 */
export async function buildImage(): Promise<ImageArchive> {
  const folder = await mkdtemp(path.join(tmpdir(), "capstan-image-"));
  try {
    await bundlePrograms(folder);
    return await buildArchive({
      name: imageName,
      layers: [await baseFiles(), await programFiles(folder)],
      config: imageConfig,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function programFiles(folder: string): Promise<readonly TarEntry[]> {
  const names = await readdir(folder);
  return await Promise.all(
    names.map(async (name) => ({ path: `app/${name}`, content: await readFile(path.join(folder, name)), mode: 0o644 })),
  );
}
