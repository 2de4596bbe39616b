// Builds dist/executable/kubectl-capstan: the plugin and this Node in one file, for a machine that has no Node.
//
// As https://nodejs.org/docs/latest-v24.x/api/single-executable-applications.html says.
import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { buildScript } from "./bundle.ts";

const run = promisify(execFile);

/** What Node looks for in its own file. */
const resource = "NODE_SEA_BLOB";
/** What is set in it once the resource is there. */
const fuse = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

/**
 * Writes the plugin as one executable for the operating system and processor of the Node that runs this, and returns its size
 * in bytes. The same sources and the same Node give the same bytes.
 *
 * @throws what a step said when it failed; the file is then not there, or is the old one
 *
 * @example
 * await buildExecutable("/tmp/kubectl-capstan");
 */
export async function buildExecutable(outputFile: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "kubectl-capstan-executable-"));
  try {
    const [script, blob, configuration] = [join(folder, "plugin.cjs"), join(folder, "blob"), join(folder, "sea.json")];
    await buildScript(script);
    await writeFile(
      configuration,
      JSON.stringify({
        // Both in the folder that it runs in: the script's name as it stands here gets into the bytes.
        main: "plugin.cjs",
        output: "blob",
        disableExperimentalSEAWarning: true,
        // Compiled already: it starts in half the time.
        useCodeCache: true,
        // NODE_OPTIONS that are meant for the user's own Node are none of this one's.
        execArgvExtension: "none",
      }),
    );
    // The compiled code holds hashes of strings, whose seed is random otherwise.
    await run(process.execPath, ["--random-seed=1", "--experimental-sea-config", configuration], { cwd: folder });
    await mkdir(dirname(outputFile), { recursive: true });
    const unfinished = `${outputFile}.unfinished`;
    await copyFile(process.execPath, unfinished);
    await chmod(unfinished, 0o755);
    // Apple's systems start no file whose signature does not fit its content.
    if (process.platform === "darwin") await run("codesign", ["--remove-signature", unfinished]);
    await inject(unfinished, blob);
    if (process.platform === "darwin") await run("codesign", ["--sign", "-", unfinished]);
    await rename(unfinished, outputFile);
    return (await stat(outputFile)).size;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** By its program, which talks much: what it says is of interest only when it fails. */
async function inject(executable: string, blob: string): Promise<void> {
  const postject = fileURLToPath(import.meta.resolve("postject/dist/cli.js"));
  const macho = process.platform === "darwin" ? ["--macho-segment-name", "NODE_SEA"] : [];
  await run(process.execPath, [postject, executable, resource, blob, "--sentinel-fuse", fuse, ...macho]);
}

if (import.meta.main) {
  const name = process.platform === "win32" ? "kubectl-capstan.exe" : "kubectl-capstan";
  const output = fileURLToPath(new URL(`../dist/executable/${name}`, import.meta.url));
  const bytes = await buildExecutable(output);
  process.stdout.write(`${output}: ${Math.round(bytes / 1024 / 1024)} MiB\n`);
}
