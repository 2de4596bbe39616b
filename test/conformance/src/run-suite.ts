import { execFile, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { buildGoProgram, type GoProgram } from "@capstan/test-cluster";
import { originalDirectory, portDirectory } from "./places.ts";
import { parseSuiteLine, type Result } from "./result.ts";

/** What is declared unsupported, as cert-manager's own CA issuer does. ACME alone has it. */
const unsupported = "ACMEUseARI";

/** An issuer under test: objects that make one, itself the last, with a generateName. */
export interface IssuerTemplate {
  readonly kind: string;
  readonly file: string;
}

interface Logging {
  readonly log: (line: string) => void;
}

export interface SuiteOptions extends Logging {
  readonly kubeconfig: string;
  readonly issuers: readonly IssuerTemplate[];
  readonly onResult: (result: Result) => void;
  /** Ends the run, which then rejects. */
  readonly signal?: AbortSignal;
}

export interface PortOptions extends SuiteOptions {
  /** A listener protocol that cert-manager was told of. */
  readonly extraProtocol: string;
  /** A regular expression (RE2) for `suite / spec`; all specs without it. */
  readonly focus?: string;
  /** How many specs run at a time. */
  readonly workers: number;
}

const port: GoProgram = { directory: portDirectory, name: "conformance" };
const original: GoProgram = { directory: originalDirectory, name: "original" };

/** Each spec of the port, as `suite / spec`. */
export async function listSpecs({ log }: Logging): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(await buildGoProgram(port, { log }), ["--list"]);
  return stdout.trim().split("\n");
}

/**
 * Runs the specs of the port, and returns their results in the order in which they ended.
 *
 * @throws Error when a spec has no result, with what the program said
 */
export async function runPort(options: PortOptions): Promise<readonly Result[]> {
  const { extraProtocol, workers, focus } = options;
  return await run(port, options, [
    `--unsupported=${unsupported}`,
    `--extra-protocol=${extraProtocol}`,
    `--workers=${workers}`,
    ...(focus === undefined ? [] : [`--focus=${focus}`]),
  ]);
}

/**
 * Runs cert-manager's own suites of v1.11.5, unchanged. They run one spec after another, so each issuer has a run of its own.
 *
 * @throws Error as runPort
 */
export async function runOriginal(options: SuiteOptions): Promise<readonly Result[]> {
  const runs = options.issuers.map(async (issuer) => await run(original, { ...options, issuers: [issuer] }, []));
  return (await Promise.all(runs)).flat();
}

async function run(source: GoProgram, options: SuiteOptions, flags: readonly string[]): Promise<readonly Result[]> {
  const { kubeconfig, issuers, onResult, signal, log } = options;
  const program = await buildGoProgram(source, { log });
  const manifests = issuers.map(({ kind, file }) => `--issuer=${kind}=${file}`);
  const child = spawn(
    "setpriv",
    ["--pdeathsig=KILL", "--", program, `--kubeconfig=${kubeconfig}`, ...manifests, ...flags],
    { stdio: ["ignore", "pipe", "pipe"], ...(signal === undefined ? {} : { signal }) },
  );
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-longestFault)));
  const ended = new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, killed) => resolve(code === 0 ? "" : `${killed ?? `exit code ${code}`}: ${said}`));
  });
  // It is awaited when there is nothing more to read; until then its failure must not count as unhandled.
  ended.catch(() => undefined);

  const results: Result[] = [];
  let planned = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const read = parseSuiteLine(line);
    if ("planned" in read) ({ planned } = read);
    else {
      results.push(read.result);
      onResult(read.result);
    }
  }
  const fault = await ended;
  if (fault !== "") throw new Error(`${source.name} ended with ${fault.trim()}`);
  if (planned === 0) throw new Error("no spec has such a name");
  if (results.length !== planned) throw new Error(`${planned} specs were planned and ${results.length} ended`);
  return results;
}

/** So many characters of what a program said last are told when it fails. */
const longestFault = 2000;
