// Writes tools/dist/krew: the plugin's archive for this platform, and the Krew manifest for all archives that are there.
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { buildExecutable } from "@capstan/kubectl-capstan/executable";
import { archiveName, platformOf, platformOfArchive, writeArchive } from "./archive.ts";
import { releaseManifest } from "./manifest.ts";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const output = fileURLToPath(new URL("../dist/krew", import.meta.url));
const [url] = process.argv.slice(2);
if (url === undefined)
  throw new RangeError("say where the archives are going to be: krew https://YOUR-SERVER/capstan/v0.1.0");

const platform = platformOf(process);
const folder = await mkdtemp(path.join(tmpdir(), "capstan-krew-"));
try {
  const file = path.join(folder, "kubectl-capstan");
  await buildExecutable(file);
  const [executable, license] = await Promise.all([readFile(file), readFile(path.join(repository, "LICENSE"))]);
  await mkdir(output, { recursive: true });
  await writeFile(path.join(output, archiveName(platform)), writeArchive({ platform, executable, license }));
} finally {
  await rm(folder, { recursive: true });
}

const archives = (await readdir(output)).toSorted().flatMap((name) => {
  const found = platformOfArchive(name);
  return found === undefined ? [] : [{ name, platform: found }];
});
const released = await Promise.all(
  archives.map(async ({ name, platform }) => {
    const sha256 = createHash("sha256")
      .update(await readFile(path.join(output, name)))
      .digest("hex");
    return { platform, sha256 };
  }),
);
const { version } = JSON.parse(
  await readFile(path.join(repository, "packages/kubectl-capstan/package.json"), "utf8"),
) as { readonly version: string };
const words = await readFile(path.join(repository, "deploy/krew/capstan.yaml"), "utf8");
await writeFile(path.join(output, "capstan.yaml"), releaseManifest(words, { version, url, archives: released }));
process.stdout.write(`${path.join(output, "capstan.yaml")}: ${archives.map(({ name }) => name).join(", ")}\n`);
