import { writeFile } from "node:fs/promises";
import path from "node:path";
import { build } from "esbuild";
import { repository } from "./places.ts";

// Among the bundled packages are CommonJS ones, which call require for Node's own modules.
const banner = `import { createRequire as createRequireOfBundle } from "node:module";
const require = createRequireOfBundle(import.meta.url);`;

/**
 * Writes programs into one file each and returns the folder. They are started hundreds of times, and one file starts five times as
 * fast as its modules.
 *
 * @param programs by the name of the file without `.js`, its source below the root of the repository. A worker has the name by
 *   which its starter knows it. That for CEL is left out: no issuer here has a condition in CEL
 */
export async function bundlePrograms(folder: string, programs: Readonly<Record<string, string>>): Promise<string> {
  const outdir = path.join(folder, "programs");
  await build({
    entryPoints: Object.fromEntries(
      Object.entries(programs).map(([name, file]) => [name, path.join(repository, file)]),
    ),
    outdir,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    conditions: ["@capstan/source"],
    sourcemap: true,
    banner: { js: banner },
    logLevel: "error",
  });
  await writeFile(path.join(outdir, "package.json"), '{ "type": "module" }\n');
  return outdir;
}

/** The issuer controller. */
export async function bundleController(folder: string): Promise<string> {
  const name = "issuer-controller";
  const outdir = await bundlePrograms(folder, { [name]: "packages/issuer-controller/src/main.ts" });
  return path.join(outdir, `${name}.js`);
}

/** The publisher by scaled time, with the worker that reads each CRL once more. */
export async function bundlePublisher(folder: string): Promise<string> {
  const outdir = await bundlePrograms(folder, {
    publisher: "test/faults/src/publisher/publisher-main.ts",
    "crl-reader-worker": "packages/ca-core/src/x509/crl-reader-worker.ts",
  });
  return path.join(outdir, "publisher.js");
}
