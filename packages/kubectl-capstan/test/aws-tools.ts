import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { installOnce } from "./install-once.ts";

// AWS's own command line and the linter of CloudFormation, from PyPI, in the releases that aws-tools.txt names.

const run = promisify(execFile);

const requirements = new URL("aws-tools.txt", import.meta.url);

/** The interpreter of an environment that has both: `python -m cfnlint`, `python -m awscli`. */
export interface AwsTools {
  readonly python: string;
}

/** Installs them once into `${XDG_CACHE_HOME:-~/.cache}/capstan/aws-tools-<key>`, and finds them there from then on. */
export async function installAwsTools(log: (line: string) => void): Promise<AwsTools> {
  const list = await readFile(requirements, "utf8");
  const version = (await run("python3", ["--version"])).stdout;
  const pythonIn = (folder: string): string => join(folder, "bin", "python");
  const folder = await installOnce("aws-tools", `${list}${version}`, async (unfinished, final) => {
    log(`installing the AWS CLI and cfn-lint into ${final} (once; about a minute)`);
    await run("python3", ["-m", "venv", unfinished]);
    // Nothing is resolved, since every package is named, and nothing compiled that is imported once or twice.
    const options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"];
    const argv = ["-m", "pip", "install", ...options, "-r", requirements.pathname];
    await run(pythonIn(unfinished), argv, { maxBuffer: 1 << 26 });
  });
  return { python: pythonIn(folder) };
}
