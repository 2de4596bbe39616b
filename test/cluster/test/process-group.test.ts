import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

import { createProcessGroup } from "../src/process-group.ts";

let directory: string;
beforeEach(async () => (directory = await mkdtemp(path.join(tmpdir(), "group-"))));
afterEach(async () => await rm(directory, { recursive: true }));

const sleeper = () => ({ name: "sleeper", program: "sleep", args: ["1000"], logFile: path.join(directory, "log") });

test("killAll ends every process, also one that is just being started", async () => {
  const group = createProcessGroup();
  const first = await group.start(sleeper());
  const second = group.start(sleeper());
  await group.killAll();
  expect([first, await second].map(({ pid, ending }) => [existsSync(`/proc/${pid}`), ending()])).toEqual([
    [false, "SIGKILL"],
    [false, "SIGKILL"],
  ]);
});

test("nothing is started after killAll", async () => {
  const group = createProcessGroup();
  await group.killAll();
  await expect(group.start(sleeper())).rejects.toMatchObject({ code: "ERR_PROCESS_EXITED" });
});

test("what was killed is started again with its own arguments, and ends with the group", async () => {
  const group = createProcessGroup();
  const first = await group.start(sleeper());
  await group.kill("sleeper");
  expect(first.ending()).toBe("SIGKILL");
  const again = await group.startAgain("sleeper");
  // Started is when exec closed the pipe to its parent; the kernel shows the arguments a moment later.
  await expect
    .poll(() => readFileSync(`/proc/${again.pid}/cmdline`, "utf8"), { timeout: 30_000 })
    .toContain("sleep\u00001000\u0000");
  await group.killAll();
  expect([again.pid === first.pid, again.ending()]).toEqual([false, "SIGKILL"]);
});

test("starting again what still runs ends it first", async () => {
  const group = createProcessGroup();
  const first = await group.start(sleeper());
  const again = await group.startAgain("sleeper");
  expect([first.ending(), again.ending()]).toEqual(["SIGKILL", undefined]);
  await group.killAll();
});

test.each(["kill", "startAgain"] as const)("%s of a name that is not there says which are", async (act) => {
  const group = createProcessGroup();
  await group.start(sleeper());
  await expect(group[act]("etcd")).rejects.toThrow("there is no process etcd, only sleeper");
  await group.killAll();
});
