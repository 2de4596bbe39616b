import path from "node:path";
import { build } from "esbuild";
import { repository } from "./places.ts";

// Among the bundled packages are CommonJS ones, which call require for Node's own modules.
const banner = `import { createRequire as createRequireOfBundle } from "node:module";
const require = createRequireOfBundle(import.meta.url);`;

/**
 * Writes the issuer controller into one file and returns its path. It is started hundreds of times, and one file starts
 * five times as fast as its modules. The worker for CEL is left out: no issuer here has a condition in CEL.
 */
export async function bundleController(folder: string): Promise<string> {
  const file = path.join(folder, "issuer-controller.mjs");
  await build({
    entryPoints: [path.join(repository, "packages/issuer-controller/src/main.ts")],
    outfile: file,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    conditions: ["@capstan/source"],
    sourcemap: true,
    banner: { js: banner },
    logLevel: "error",
  });
  return file;
}
