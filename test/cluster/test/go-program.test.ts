import { execFileSync } from "node:child_process";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

import { runCommand } from "../src/command.ts";
import { buildGoProgram } from "../src/go-program.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "go-program-"));
  await writeFile(path.join(folder, "go.mod"), "module example.com/hello\n\ngo 1.26.0\n");
});
afterEach(async () => await rm(folder, { recursive: true }));

const build = async (source: string, log: string[]): Promise<string> => {
  await writeFile(path.join(folder, "main.go"), source);
  // Go's own caches stay the user's: from nothing it would compile its standard library.
  const environment = { ...process.env, XDG_CACHE_HOME: path.join(folder, "cache") };
  const goCaches = { GOCACHE: await goVariable("GOCACHE"), GOMODCACHE: await goVariable("GOMODCACHE") };
  return await buildGoProgram(
    { directory: folder, name: "hello" },
    { log: (line) => void log.push(line), environment: { ...environment, ...goCaches } },
  );
};
const goVariable = async (name: string): Promise<string> => (await runCommand("go", ["env", name])).stdout.trim();
const says = (text: string): string =>
  `package main\n\nimport "os"\n\nfunc main() { os.Stdout.WriteString("${text}") }\n`;

test("a program is built once per source", async () => {
  const log: string[] = [];
  const first = await build(says("one"), log);
  const { mtimeMs } = await stat(first);
  expect(await build(says("one"), log)).toBe(first);
  expect((await stat(first)).mtimeMs).toBe(mtimeMs);
  expect(log).toHaveLength(1);

  const second = await build(says("two"), log);
  expect(second).not.toBe(first);
  expect(execFileSync(second, { encoding: "utf8" })).toBe("two");
  expect(log).toHaveLength(2);
});

test("a program that does not compile is told by what Go wrote, and leaves nothing behind", async () => {
  const attempt = build("package main\n\nfunc main() { undefined() }\n", []);
  await expect(attempt).rejects.toMatchObject({
    code: "ERR_BUILD_FAILED",
    message: expect.stringContaining("undefined: undefined") as string,
  });
  await expect(build(says("now it does"), [])).resolves.toMatch(/hello$/);
});
