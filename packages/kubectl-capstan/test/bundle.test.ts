import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildPlugin } from "../tools/bundle.ts";
import { describePluginFile } from "./plugin-file-suite.ts";

// Far from every package.json of ours: users have the file alone.
let folder: string;
let plugin: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kubectl-capstan-bundle-"));
  plugin = join(folder, "kubectl-capstan");
  await buildPlugin(plugin);
}, 240_000);

afterAll(async () => {
  await rm(folder, { recursive: true });
});

test("is one executable file with a line that finds node", async () => {
  expect((await stat(plugin)).mode & 0o111).toBe(0o111);
  expect((await readFile(plugin, "utf8")).split("\n")[0]).toBe("#!/usr/bin/env node");
});

describePluginFile(() => ({ program: process.execPath, before: [plugin], folder }));
