import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";

import { buildArguments, requiredVersion, toolTable } from "../src/tool-table.ts";

const readGoMod = async (module: string): Promise<string> =>
  await readFile(new URL(`../go/${module}/go.mod`, import.meta.url), "utf8");

describe("tool table", () => {
  test.each(toolTable)("$name is of a tagged release that go.mod requires", async (tool) => {
    const version = requiredVersion(await readGoMod(tool.module), tool.versionOf);
    expect(version).toMatch(/^v\d+\.\d+\.\d+$/);
  });

  test.each(toolTable)("$name is a tool of its module", async ({ module, package: path }) => {
    const tools = /^tool (?:\(([^)]*)\)|(\S+))/m.exec(await readGoMod(module));
    const listed = (tools?.[1] ?? tools?.[2] ?? "").split(/\s+/).filter((word) => word !== "");
    expect(listed.some((tool) => tool === path || tool.endsWith(path.replace("./", "/")))).toBe(true);
  });

  test("kube-apiserver learns its version at link time", () => {
    const [apiServer] = toolTable;
    expect(apiServer && buildArguments(apiServer, "v1.36.4")).toEqual([
      "build",
      "-mod=readonly",
      "-buildvcs=false",
      "-trimpath",
      "-ldflags=-s -w -X k8s.io/component-base/version.gitVersion=v1.36.4 " +
        "-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36",
      "k8s.io/kubernetes/cmd/kube-apiserver",
    ]);
  });
});

describe("required version", () => {
  test.each([
    ["in a block", "require (\n\texample.com/a v1.2.3\n)", "v1.2.3"],
    ["indirect", "require (\n\texample.com/a v1.2.3 // indirect\n)", "v1.2.3"],
    ["on a line of its own", "require example.com/a v1.2.3", "v1.2.3"],
    [
      "not of a module whose path is longer",
      "require (\n\texample.com/a/v2 v2.0.0\n\texample.com/a v1.2.3\n)",
      "v1.2.3",
    ],
  ])("is read: %s", (_where, goMod, version) => {
    expect(requiredVersion(goMod, "example.com/a")).toBe(version);
  });

  test.each([
    ["a module that is not required", "require example.com/b v1.2.3"],
    ["a tool line", "tool example.com/a"],
    ["a replacement", "replace example.com/a => example.com/c v1.2.3"],
  ])("is refused for %s", (_what, goMod) => {
    expect(() => requiredVersion(goMod, "example.com/a")).toThrow("go.mod requires no example.com/a");
  });
});
