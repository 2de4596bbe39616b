import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";

import { buildKey, readGoFiles } from "../src/build-key.ts";
import type { BuildInputs } from "../src/build-key.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text, "utf8");
const inputs: BuildInputs = {
  platform: "linux-x64",
  files: new Map([
    ["etcd/go.mod", bytes("module etcd")],
    ["etcd/go.sum", bytes("sum")],
  ]),
  arguments: new Map([["etcd", ["build", "-trimpath"]]]),
};

describe("build key", () => {
  test("is the same for the same inputs in another order", () => {
    const reversed = { ...inputs, files: new Map([...inputs.files].toReversed()) };
    expect(buildKey(reversed)).toBe(buildKey(inputs));
    expect(buildKey(inputs)).toMatch(/^[0-9a-f]{16}$/);
  });

  test.each<[string, Partial<BuildInputs>]>([
    ["a file's content", { files: new Map([...inputs.files, ["etcd/go.sum", bytes("sum2")]]) }],
    [
      "a file's name",
      {
        files: new Map([
          ["etcd/go.mod", bytes("module etcd")],
          ["helm/go.sum", bytes("sum")],
        ]),
      },
    ],
    ["one file more", { files: new Map([...inputs.files, ["etcd/main.go", bytes("")]]) }],
    [
      "where one file ends and the next begins",
      {
        files: new Map([
          ["etcd/go.mod", bytes("module etcdetcd/go.sum")],
          ["", bytes("sum")],
        ]),
      },
    ],
    ["a build flag", { arguments: new Map([["etcd", ["build", "-trimpath", "-race"]]]) }],
    ["how flags are divided", { arguments: new Map([["etcd", ["build-trimpath"]]]) }],
    ["the platform", { platform: "linux-arm64" }],
  ])("changes with %s", (_what, change) => {
    expect(buildKey({ ...inputs, ...change })).not.toBe(buildKey(inputs));
  });
});

describe("Go files of a folder", () => {
  const directories: string[] = [];
  afterEach(async () => {
    for (const directory of directories.splice(0)) await rm(directory, { recursive: true });
  });

  test("are its go.mod, go.sum and .go files at any depth, and nothing else", async () => {
    const directory = await mkdtemp(path.join(tmpdir(), "go-files-"));
    directories.push(directory);
    await mkdir(path.join(directory, "a", "b"), { recursive: true });
    for (const name of ["a/go.mod", "a/go.sum", "a/b/main.go", "a/README.md", "a/go.mod.bak", "a/cargo.mod"]) {
      await writeFile(path.join(directory, name), name);
    }
    const files = await readGoFiles(directory);
    expect([...files.keys()].toSorted()).toEqual(["a/b/main.go", "a/go.mod", "a/go.sum"]);
    expect(files.get("a/go.sum")).toEqual(Buffer.from("a/go.sum"));
  });
});
