import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

import { lockFile } from "../src/file-lock.ts";

let directory: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "lock-"));
  file = path.join(directory, "lock");
});
afterEach(async () => await rm(directory, { recursive: true }));

test("a second holder waits, is told so, and gets the lock when the first releases it", async () => {
  const order: string[] = [];
  const release = await lockFile(file, () => order.push("the first waits"));
  const waiting = Promise.withResolvers<void>();
  const second = lockFile(file, () => waiting.resolve()).then(async (releaseSecond) => {
    order.push("the second has it");
    await releaseSecond();
  });
  await waiting.promise;
  order.push("the first releases");
  await release();
  await second;
  expect(order).toEqual(["the first releases", "the second has it"]);
});

test("the lock of a process that was killed is free", async () => {
  const module = new URL("../src/file-lock.ts", import.meta.url).href;
  const script = `const { lockFile } = await import(${JSON.stringify(module)});
    await lockFile(${JSON.stringify(file)}, () => {});
    process.stdout.write("locked");
    setInterval(() => {}, 1000);`;
  const owner = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(owner.stdout, "data");
  owner.kill("SIGKILL");
  const release = await lockFile(file, () => undefined);
  await release();
});

test("a file that cannot be made is an error, not a lock", async () => {
  const file = path.join(directory, "none", "lock");
  await expect(lockFile(file, () => undefined)).rejects.toMatchObject({
    code: "ERR_SETUP_REFUSED",
    message: expect.stringMatching(/none\/lock could not be locked: flock: .+/),
  });
});
