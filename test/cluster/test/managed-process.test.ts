import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";

import { startProcess } from "../src/managed-process.ts";
import { waitUntil } from "../src/wait-until.ts";

let directory: string;
beforeEach(async () => (directory = await mkdtemp(path.join(tmpdir(), "process-"))));
afterEach(async () => await rm(directory, { recursive: true }));

const logFile = (): string => path.join(directory, "log");
const shell = async (script: string) =>
  await startProcess({ name: "shell", program: "sh", args: ["-c", script], logFile: logFile() });
const isRunning = (pid: number): boolean => existsSync(`/proc/${pid}`);

test("a killed process is gone when kill resolves, also the second time", async () => {
  const process = await shell("exec sleep 1000");
  expect(process.ending()).toBeUndefined();
  await process.kill();
  await process.kill();
  expect(process.ending()).toBe("SIGKILL");
  expect(isRunning(process.pid)).toBe(false);
});

test("its environment is the one given, and its output goes to the log", async () => {
  const process = await startProcess({
    name: "shell",
    program: "sh",
    args: ["-c", "echo $GREETING; echo problem >&2; exit 0"],
    logFile: logFile(),
    environment: { PATH: "/usr/bin:/bin", GREETING: "hello" },
  });
  while (process.ending() === undefined) await delay(10);
  expect(await readFile(process.logFile, "utf8")).toBe("hello\nproblem\n");
});

test("waiting for a process that ends fails at once, with its exit code and last lines", async () => {
  const process = await shell("echo first; echo last >&2; exit 3");
  const waiting = waitUntil({ what: "ready", process, timeoutMs: 60_000, check: async () => "no answer" });
  await expect(waiting).rejects.toMatchObject({
    code: "ERR_PROCESS_EXITED",
    message: `shell ended with exit code 3 (not ready: no answer); the last lines of ${logFile()}:\nfirst\nlast`,
  });
});

test("a process that ended for want of its port is told apart, so that another can be tried", async () => {
  const process = await shell('echo "listen tcp 127.0.0.1:1: bind: address already in use"; exit 1');
  const waiting = waitUntil({ what: "ready", process, timeoutMs: 60_000, check: async () => "no answer" });
  await expect(waiting).rejects.toMatchObject({ code: "ERR_PORT_TAKEN" });
});

test("waiting ends at the time limit, with the reason of the last check", async () => {
  const process = await shell("exec sleep 1000");
  const waiting = waitUntil({
    what: "ready",
    process,
    timeoutMs: 200,
    check: async () => {
      throw new Error("connection refused");
    },
  });
  await expect(waiting).rejects.toMatchObject({
    code: "ERR_NOT_READY",
    message: expect.stringContaining("not ready: Error: connection refused"),
  });
  await process.kill();
});

test("a program that does not exist ends at once, and its log says why", async () => {
  const process = await startProcess({ name: "none", program: "/no/such/program", args: [], logFile: logFile() });
  while (process.ending() === undefined) await delay(10);
  expect(await process.failure("not there")).toMatchObject({
    code: "ERR_PROCESS_EXITED",
    message: expect.stringContaining("/no/such/program"),
  });
});

test("a process dies with the one that started it, when that is killed", async () => {
  const module = new URL("../src/managed-process.ts", import.meta.url).href;
  const script = `const { startProcess } = await import(${JSON.stringify(module)});
    const started = await startProcess({
      name: "child", program: "sleep", args: ["1000"], logFile: ${JSON.stringify(logFile())},
    });
    process.stdout.write(String(started.pid));
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output]: Uint8Array[] = await once(parent.stdout, "data");
  const pid = Number(Buffer.from(output ?? []).toString("utf8"));
  // What it shares its fate by is asked for by setpriv, before that becomes the program.
  await expect
    .poll(() => readFileSync(`/proc/${pid}/cmdline`, "utf8"), { timeout: 240_000 })
    .toBe("sleep\u00001000\u0000");
  parent.kill("SIGKILL");
  // The test's time limit is the bound.
  while (isRunning(pid)) await delay(10);
});
