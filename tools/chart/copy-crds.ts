import { copyFile, mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chartFolder } from "./render-chart.ts";

const source = fileURLToPath(new URL("../../packages/api/crds", import.meta.url));

/** A chart holds all that it is made of, so it has a copy of packages/api/crds, which is the source. */
export async function copyCrds(): Promise<void> {
  const target = path.join(chartFolder, "crds-source");
  await rm(target, { recursive: true, force: true });
  await mkdir(target);
  const files = (await readdir(source)).filter((file) => file.endsWith(".yaml"));
  await Promise.all(files.map((file) => copyFile(path.join(source, file), path.join(target, file))));
}
