import { existsSync } from "node:fs";
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
