import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { buildImage, imageConfig } from "@capstan/tools/image";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Buildah, findBuildah } from "../../src/buildah.ts";

// deploy/image/Dockerfile, step by step. Its two bases cannot be had without a registry; for them stand this machine's files with the
// Node of the lockfile, and the base of the image that tools/image writes.

const minute = 60_000;
const repository = fileURLToPath(new URL("../../../../", import.meta.url));
const dockerfile = path.join(repository, "deploy/image/Dockerfile");
// It installs everything anew from the package registry: two minutes.
const isAsked = process.env["CAPSTAN_DOCKERFILE"] === "build";
const folder = isAsked ? await mkdtemp(path.join(tmpdir(), "capstan-dockerfile-")) : "";
const found = isAsked ? await findBuildah(folder) : { missing: "only with CAPSTAN_DOCKERFILE=build" };

describe.skipIf(found.missing !== undefined)(
  `the Dockerfile${found.missing === undefined ? "" : ` (${found.missing})`}`,
  () => {
    let buildah: Buildah;
    let expected: ReadonlyMap<string, string>;

    beforeAll(async () => {
      if (found.missing !== undefined) return;
      ({ buildah } = found);
      await withContainer("scratch", "localhost/build", async (files, container) => {
        const folders = ["usr", "etc", "root", "tmp", "var/tmp", "node/bin"];
        for (const name of folders) await mkdir(path.join(files, name), { recursive: true });
        for (const name of ["bin", "sbin", "lib", "lib64"]) await symlink(`usr/${name}`, path.join(files, name));
        await writeFile(path.join(files, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
        const settings = ["NODE_EXTRA_CA_CERTS", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"].flatMap((name) => {
          const value = process.env[name];
          return value === undefined ? [] : [`--env=${name}=${value}`];
        });
        await buildah("config", "--env=PATH=/node/bin:/usr/local/bin:/usr/bin:/bin", ...settings, container);
      });
      const archive = path.join(folder, "image.tar");
      await writeFile(archive, (await buildImage()).tar);
      const image = (await buildah("pull", `oci-archive:${archive}`)).split("\n").at(-1) ?? "";
      await withContainer(image, "localhost/runtime", async (files) => {
        const app = path.join(folder, "app");
        await rename(path.join(files, "app"), app);
        expected = await hashes(app);
      });
    }, 5 * minute);

    afterAll(async () => {
      await rm(folder, { recursive: true, force: true });
    });

    async function withContainer(
      from: string,
      name: string,
      change: (files: string, container: string) => Promise<void>,
    ): Promise<void> {
      const container = await buildah("from", "--pull-never", from);
      await change(await buildah("mount", container), container);
      await buildah("umount", container);
      // One layer: buildah counts those of an image without history wrongly.
      await buildah("commit", "--squash", "--rm", container, name);
    }

    test(
      "makes the files that tools/image makes, byte by byte, and starts them so",
      { timeout: 15 * minute },
      async () => {
        expect(expected.size).toBeGreaterThan(10);
        const volumes = [`${path.dirname(process.execPath)}:/node/bin:ro`, "/usr:/usr:ro", "/etc/ssl:/etc/ssl:ro"];
        const bases = ["--build-arg=BUILD=localhost/build", "--build-arg=RUNTIME=localhost/runtime"];
        const host = ["--isolation=oci", "--network=host", ...volumes.map((volume) => `--volume=${volume}`)];
        const image = ["--pull-never", "--tag=localhost/capstan", `--file=${dockerfile}`];
        await buildah("bud", ...image, ...bases, ...host, repository);
        const container = await buildah("from", "--pull-never", "localhost/capstan");
        const { OCIv1 } = JSON.parse(await buildah("inspect", container)) as {
          readonly OCIv1: { readonly config: Readonly<Record<string, unknown>> };
        };
        const { User, WorkingDir, Entrypoint, Env } = imageConfig;
        expect(OCIv1.config).toMatchObject({ User, WorkingDir, Entrypoint, Env });
        expect(await hashes(path.join(await buildah("mount", container), "app"))).toEqual(expected);
      },
    );
  },
);

/** SHA-256 of each file of a folder, by its name. */
async function hashes(of: string): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(of)).toSorted();
  const hash = async (name: string): Promise<string> =>
    createHash("sha256")
      .update(await readFile(path.join(of, name)))
      .digest("hex");
  return new Map(await Promise.all(names.map(async (name) => [name, await hash(name)] as const)));
}
