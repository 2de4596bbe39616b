import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const repository = fileURLToPath(new URL("../..", import.meta.url));

/** The files of the image by their names without `.js`. A worker has the name by which its starter finds it beside itself. */
const entryPoints = {
  "issuer-controller": "packages/issuer-controller/src/main.ts",
  "crl-publisher": "packages/crl-publisher/src/main.ts",
  "crl-server": "packages/crl-publisher/src/server-main.ts",
  "cel-worker": "packages/policy/src/cel/cel-worker.ts",
  "crl-reader-worker": "packages/ca-core/src/x509/crl-reader-worker.ts",
} as const;

// Among the bundled packages are CommonJS ones, which call require for Node's own modules.
const banner = `import { createRequire as createRequireOfBundle } from "node:module";
const require = createRequireOfBundle(import.meta.url);`;

/**
 * Writes each program and worker as one file with its source map, and the package.json that makes them modules. The same
 * sources give the same bytes, wherever the repository lies.
 */
export async function bundlePrograms(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await build({
    absWorkingDir: repository,
    entryPoints: { ...entryPoints },
    outdir: path.resolve(folder),
    bundle: true,
    // What is imported only when it is needed stays apart: @kubernetes/client-node is most of the bytes, and reads kubeconfig
    // files alone, which pods have none of.
    splitting: true,
    chunkNames: "[name]-[hash]",
    minifySyntax: true,
    minifyWhitespace: true, // not names: stack traces of bug reports stay readable
    platform: "node",
    format: "esm",
    target: "node24",
    conditions: ["@capstan/source"],
    sourcemap: true,
    sourcesContent: false, // file and line are enough for a stack trace, and the text is in the repository
    sourceRoot: "capstan",
    legalComments: "linked",
    banner: { js: banner },
    logLevel: "warning",
  });
  await writeFile(path.join(folder, "package.json"), '{ "type": "module" }\n');
}
