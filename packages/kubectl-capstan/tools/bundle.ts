// Builds dist/kubectl-capstan: the whole plugin as one executable file for the user's own Node.
import { chmod, mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions, type Plugin } from "esbuild";

const entry = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const repository = fileURLToPath(new URL("../../..", import.meta.url));

/** The oldest Node that runs it: as @kubernetes/client-node and undici demand. */
const oldestNode = "22.19";

// Among the bundled packages are CommonJS ones, which call require for Node's own modules.
const banner = `#!/usr/bin/env node
import { createRequire as createRequireOfBundle } from "node:module";
const require = createRequireOfBundle(import.meta.url);`;

/** Writes the plugin to a file, executable, and returns its size in bytes. */
export async function buildPlugin(outputFile: string): Promise<number> {
  const bytes = await bundle({
    outfile: outputFile,
    format: "esm",
    target: `node${oldestNode}`,
    banner: { js: banner },
  });
  await chmod(outputFile, 0o755);
  return bytes;
}

/** Writes the plugin as the script that an executable of this Node carries: CommonJS, and it imports nothing but Node's own. */
export async function buildScript(outputFile: string): Promise<number> {
  return await bundle({
    outfile: outputFile,
    format: "cjs",
    target: `node${process.versions.node}`,
    // In an executable import() is not there.
    supported: { "dynamic-import": false },
    define: { "import.meta.url": "urlOfBundle" },
    banner: { js: `const urlOfBundle = require("node:url").pathToFileURL(process.execPath).href;` },
  });
}

async function bundle(
  form: Pick<BuildOptions, "format" | "target" | "banner" | "define" | "supported"> & { readonly outfile: string },
): Promise<number> {
  await mkdir(dirname(form.outfile), { recursive: true });
  const { metafile } = await build({
    // esbuild names modules in comments by their paths from here: the same sources give the same bytes wherever they lie.
    absWorkingDir: repository,
    entryPoints: [entry],
    bundle: true,
    minifySyntax: true,
    minifyWhitespace: true, // not names: stack traces of bug reports stay readable
    platform: "node",
    conditions: ["@capstan/source"],
    legalComments: "eof",
    metafile: true,
    logLevel: "warning",
    plugins: [ourModulesHaveNoSideEffects, celWorkerInside],
    ...form,
  });
  return Object.values(metafile.outputs).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Lets the parts of our packages fall away that the plugin never calls, with the libraries that only they import. */
const ourModulesHaveNoSideEffects: Plugin = {
  name: "our-modules-have-no-side-effects",
  setup(bundle) {
    bundle.onResolve({ filter: /^(@capstan\/|\.)/ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      if (pluginData === resolving || kind === "entry-point" || importer.includes("/node_modules/")) return undefined;
      const resolved = await bundle.resolve(path, { importer, resolveDir, kind, pluginData: resolving });
      return resolved.errors.length > 0 ? { errors: resolved.errors } : { path: resolved.path, sideEffects: false };
    });
  },
};
const resolving = Symbol("asked by this plugin itself");

/** Where the evaluator of conditions names the module of its worker thread. */
const celWorkerUrl = "new URL(`./cel-worker.${ending}`, import.meta.url)";

/** A thread begins with a module of its own, and beside a single file there is none: it goes into the file as a data URL. */
const celWorkerInside: Plugin = {
  name: "cel-worker-inside",
  setup(bundle) {
    bundle.onLoad({ filter: /[\\/]policy[\\/]src[\\/]cel[\\/]cel-evaluator\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      if (!source.includes(celWorkerUrl)) {
        return {
          errors: [{ text: `${path} no longer says ${celWorkerUrl}: teach this plugin how it names its worker` }],
        };
      }
      const { outputFiles } = await build({
        entryPoints: [join(dirname(path), "cel-worker.ts")],
        bundle: true,
        minify: true,
        write: false,
        platform: "node",
        format: "esm",
        target: `node${oldestNode}`,
        conditions: ["@capstan/source"],
        logLevel: "warning",
      });
      const text = Buffer.from(outputFiles[0]?.contents ?? []).toString("base64");
      return {
        contents: source.replace(celWorkerUrl, () => `new URL("data:text/javascript;base64,${text}")`),
        loader: "ts",
      };
    });
  },
};

if (import.meta.main) {
  const output = fileURLToPath(new URL("../dist/kubectl-capstan", import.meta.url));
  const bytes = await buildPlugin(output);
  process.stdout.write(`${output}: ${Math.round(bytes / 1024)} KiB\n`);
}
