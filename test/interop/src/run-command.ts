import { spawn } from "node:child_process";

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** Runs a program to its end; how it exits is a result. @throws Error when it cannot be started, or a signal ended it */
export async function runCommand(program: string, args: readonly string[], stdin = ""): Promise<Outcome> {
  const child = spawn(program, args, { stdio: "pipe" });
  const stdout: Uint8Array[] = [];
  const stderr: Uint8Array[] = [];
  child.stdout.on("data", (chunk: Uint8Array) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Uint8Array) => stderr.push(chunk));
  // A program that ends before it has read all is judged by its exit code.
  child.stdin.on("error", () => undefined);
  child.stdin.end(stdin);
  return await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode, signal) => {
      if (exitCode === null) return reject(new Error(`${program} was ended by ${signal}`));
      const text = (chunks: readonly Uint8Array[]): string => Buffer.concat(chunks).toString("utf8");
      return resolve({ stdout: text(stdout), stderr: text(stderr), exitCode });
    });
  });
}
