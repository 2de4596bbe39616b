import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { findEnvtestBinary, parseVersion, versionFits } from "../src/envtest-assets.ts";
import type { ToolName } from "../src/tool-table.ts";

describe("version of a program's output", () => {
  test.each([
    ["Kubernetes v1.36.4\n", [1, 36]],
    ["etcd Version: 3.7.3\nGit SHA: abc\nGo Version: go1.26.8\n", [3, 7]],
    ["Client Version: v1.36.0\nKustomize Version: v5.8.1\n", [1, 36]],
    ["", undefined],
    ["Kubernetes v1", undefined],
  ])("%j", (output, version) => {
    expect(parseVersion(output)).toEqual(version);
  });
});

describe("a found version fits", () => {
  test.each<[ToolName, readonly [number, number], readonly [number, number], boolean]>([
    ["kube-apiserver", [1, 36], [1, 36], true],
    ["kube-apiserver", [1, 36], [1, 35], false],
    ["kube-apiserver", [1, 36], [1, 37], false],
    ["kube-apiserver", [1, 36], [2, 36], false],
    ["kubectl", [1, 36], [1, 35], false],
    ["etcd", [3, 7], [3, 6], true],
    ["etcd", [3, 7], [3, 8], true],
    ["etcd", [3, 7], [3, 5], false],
    ["etcd", [3, 7], [4, 6], false],
  ])("%s: wanted %j, found %j: %s", (tool, wanted, found, fits) => {
    expect(versionFits(tool, wanted, found)).toBe(fits);
  });
});

describe("a binary in KUBEBUILDER_ASSETS", () => {
  let assets: string;
  let lines: string[];
  beforeEach(async () => {
    assets = await mkdtemp(path.join(tmpdir(), "assets-"));
    lines = [];
  });
  afterEach(async () => await rm(assets, { recursive: true }));

  const put = async (name: string, script: string): Promise<void> => {
    await writeFile(path.join(assets, name), `#!/bin/sh\n${script}\n`);
    await chmod(path.join(assets, name), 0o755);
  };
  const find = async (tool: ToolName, wantedVersion: string, folder: string | undefined = assets) =>
    await findEnvtestBinary({ tool, wantedVersion, assets: folder, log: (line) => lines.push(line) });

  test("is used when its version fits, and named", async () => {
    await put("kube-apiserver", "echo Kubernetes v1.36.1");
    expect(await find("kube-apiserver", "v1.36.4")).toBe(path.join(assets, "kube-apiserver"));
    expect(lines).toEqual([`kube-apiserver: using ${assets}/kube-apiserver (1.36) from KUBEBUILDER_ASSETS`]);
  });

  test.each([
    ["of another minor", "echo Kubernetes v1.35.9", "is 1.35, not 1.36; not used"],
    ["of an unknown version", "echo hello", "is of an unknown version, not 1.36; not used"],
    ["that fails", "exit 3", "ends with exit code 3; not used"],
  ])("%s is not used, and the reason is told", async (_what, script, reason) => {
    await put("kube-apiserver", script);
    expect(await find("kube-apiserver", "v1.36.4")).toBeUndefined();
    expect(lines).toEqual([`kube-apiserver: ${assets}/kube-apiserver ${reason}`]);
  });

  test("that is missing is not used, and that is told", async () => {
    expect(await find("etcd", "v3.7.3")).toBeUndefined();
    expect(lines).toEqual([`etcd: KUBEBUILDER_ASSETS has none at ${assets}/etcd`]);
  });

  test("is not looked for when the convention has none such", async () => {
    await put("cert-manager", "echo v1.21.2");
    expect(await find("cert-manager", "v1.21.2")).toBeUndefined();
    expect(lines).toEqual([]);
  });

  test.each([undefined, ""])("is not looked for when the variable is %j", async (folder) => {
    expect(
      await findEnvtestBinary({
        tool: "etcd",
        wantedVersion: "v3.7.3",
        assets: folder,
        log: (line) => lines.push(line),
      }),
    ).toBeUndefined();
    expect(lines).toEqual([]);
  });
});
