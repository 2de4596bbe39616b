import { type ChildProcess, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";

/** Of a standard input that the caller writes to and ends. */
export const leftOpen: unique symbol = Symbol("left open");

/** The plugin as users have it: a program, and what stands before the plugin's own arguments. */
export interface PluginFile {
  readonly program: string;
  readonly before: readonly string[];
  /** Of its own, and nobody's home. */
  readonly folder: string;
}

export interface StartOptions {
  readonly argv: readonly string[];
  readonly kubeconfig?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What stands on standard input. Default: nothing. */
  readonly input?: string | typeof leftOpen;
}

export interface EndedProcess {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface StartedProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<EndedProcess>;
}

/** Starts it with nothing in its environment but a home, a kubeconfig, and what is given. */
export function startPlugin({ program, before, folder }: PluginFile, options: StartOptions): StartedProcess {
  const { argv, kubeconfig = join(folder, "none"), env = {}, input = "" } = options;
  const child = spawn(program, [...before, ...argv], {
    cwd: folder,
    env: { HOME: folder, KUBECONFIG: kubeconfig, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => undefined); // one that reads nothing has closed it
  if (input !== leftOpen) child.stdin.end(input);
  const closed = new Promise<readonly [number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve([code, signal]));
  });
  const ended = Promise.all([buffer(child.stdout), buffer(child.stderr), closed]).then(
    ([out, err, [code, signal]]): EndedProcess => ({ code, signal, out: out.toString(), err: err.toString() }),
  );
  return { child, ended };
}

export async function runPluginFile(plugin: PluginFile, options: StartOptions): Promise<EndedProcess> {
  return await startPlugin(plugin, options).ended;
}

/** Writes a kubeconfig for alice at the server, and returns its path. */
export async function writeKubeconfig(folder: string, server: string): Promise<string> {
  const file = join(folder, "kubeconfig");
  await writeFile(
    file,
    JSON.stringify({
      "current-context": "test",
      contexts: [{ name: "test", context: { cluster: "test", user: "alice" } }],
      clusters: [{ name: "test", cluster: { server, "insecure-skip-tls-verify": true } }],
      users: [{ name: "alice", user: { token: "alice-token" } }],
    }),
  );
  return file;
}
