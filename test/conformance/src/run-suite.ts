import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { buildGoProgram } from "@capstan/test-cluster";
import { goDirectory } from "./places.ts";
import { parseSuiteLine, type Result } from "./result.ts";

/** What is declared unsupported, as cert-manager's own CA issuer does. ACME alone has it. */
const unsupported = "ACMEUseARI";

/** An issuer under test: objects that make one, itself the last, with a generateName. */
export interface IssuerTemplate {
  readonly kind: string;
  readonly file: string;
}

export interface SuiteOptions {
  readonly kubeconfig: string;
  readonly issuers: readonly IssuerTemplate[];
  /** A listener protocol that cert-manager was told of. */
  readonly extraProtocol: string;
  /** A regular expression (RE2) for `suite / spec`; all specs without it. */
  readonly focus?: string;
  /** How many specs run at a time. */
  readonly workers: number;
  readonly onPlan: (count: number) => void;
  readonly onResult: (result: Result) => void;
  readonly log: (line: string) => void;
}

/**
 * Runs the specs, and returns their results in the order in which they ended.
 *
 * @throws Error when a spec has no result, with what the program said
 */
export async function runSuite(options: SuiteOptions): Promise<readonly Result[]> {
  const { kubeconfig, issuers, extraProtocol, focus, workers, onPlan, onResult, log } = options;
  const program = await buildGoProgram({ directory: goDirectory, name: "conformance" }, { log });
  const child = spawn(
    "setpriv",
    [
      "--pdeathsig=KILL",
      "--",
      program,
      `--kubeconfig=${kubeconfig}`,
      ...issuers.map(({ kind, file }) => `--issuer=${kind}=${file}`),
      `--unsupported=${unsupported}`,
      `--extra-protocol=${extraProtocol}`,
      `--workers=${workers}`,
      ...(focus === undefined ? [] : [`--focus=${focus}`]),
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const ended = new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) =>
      resolve(code === 0 ? "" : `${signal ?? `exit code ${code}`}: ${said.slice(0, 2000)}`),
    );
  });

  const results: Result[] = [];
  let planned = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const read = parseSuiteLine(line);
    if ("planned" in read) {
      ({ planned } = read);
      onPlan(planned);
    } else {
      results.push(read.result);
      onResult(read.result);
    }
  }
  const fault = await ended;
  if (fault !== "") throw new Error(`the suite ended with ${fault.trim()}`);
  if (planned === 0) throw new Error("no spec has such a name");
  if (results.length !== planned) throw new Error(`${planned} specs were planned and ${results.length} ended`);
  return results;
}
