import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";

// AWS's own command line and the linter of CloudFormation, from PyPI, in the releases that aws-tools.txt names.

const run = promisify(execFile);

const requirements = new URL("aws-tools.txt", import.meta.url);

/** The interpreter of an environment that has both: `python -m cfnlint`, `python -m awscli`. */
export interface AwsTools {
  readonly python: string;
}

/**
 * Installs them once into `${XDG_CACHE_HOME:-~/.cache}/capstan/aws-tools-<key>`, and finds them there from then on. The folder
 * appears by a rename, so what is there is whole, and of two that install at once one wins.
 */
export async function installAwsTools(log: (line: string) => void): Promise<AwsTools> {
  const list = await readFile(requirements, "utf8");
  const version = (await run("python3", ["--version"])).stdout;
  const key = createHash("sha256").update(`${list}${version}${process.arch}`).digest("hex").slice(0, 16);
  const xdg = process.env["XDG_CACHE_HOME"];
  const cache = join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(homedir(), ".cache"), "capstan");
  const folder = join(cache, `aws-tools-${key}`);
  const python = join(folder, "bin", "python");
  if (await exists(python)) return { python };
  log(`installing the AWS CLI and cfn-lint into ${folder} (once; about a minute)`);
  await mkdir(cache, { recursive: true });
  const unfinished = await mkdtemp(join(cache, ".unfinished-aws-tools-"));
  try {
    await run("python3", ["-m", "venv", unfinished]);
    // Nothing is resolved, since every package is named, and nothing compiled that is imported once or twice.
    const options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"];
    const pip = join(unfinished, "bin", "python");
    await run(pip, ["-m", "pip", "install", ...options, "-r", requirements.pathname], { maxBuffer: 1 << 26 });
    await rename(unfinished, folder).catch(async (error: unknown) => {
      if (!(await exists(python))) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return { python };
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
