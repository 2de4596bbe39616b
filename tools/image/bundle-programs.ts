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
 * sources give the same bytes, wherever repository and folder lie.
 *
 * @example
 * await bundlePrograms("/tmp/app"); // node --enable-source-maps /tmp/app/crl-server.js --help
 */
export async function bundlePrograms(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { outputFiles } = await build({
    absWorkingDir: repository,
    entryPoints: { ...entryPoints },
    outdir,
    write: false,
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
    legalComments: "linked",
    banner: { js: banner },
    logLevel: "warning",
  });
  await Promise.all(
    outputFiles.map(async (file) => {
      const name = path.relative(path.join(repository, outdir), file.path);
      await writeFile(path.join(folder, name), name.endsWith(".map") ? nameSources(file.text) : file.contents);
    }),
  );
  await writeFile(path.join(folder, "package.json"), '{ "type": "module" }\n');
}

/** A folder that is never made: esbuild names sources relative to where it would write, which is to be the same everywhere. */
const outdir = "app";

/** A source map whose sources have the paths of the repository: a stack trace says `capstan/packages/kube/src/queue.ts`. */
function nameSources(text: string): string {
  const { sources, ...map } = JSON.parse(text) as { readonly sources: readonly string[] };
  const named = sources.map((source) => path.posix.join(outdir, source));
  return `${JSON.stringify({ ...map, sourceRoot: "capstan/", sources: named })}\n`;
}
