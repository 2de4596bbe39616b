import { chmod, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { buildFailure, checkToolchain, demandedGoVersion, goEnvironment, isGoNewEnough } from "../src/go-toolchain.ts";

describe("Go version", () => {
  test.each([
    ["go1.26.8", true],
    ["go1.26", true],
    ["go1.27rc1", true],
    ["go2.0", true],
    ["go1.25.9", false],
    ["go1.3", false],
    ["", false],
  ])("%j is new enough for 1.26.0: %s", (version, isNewEnough) => {
    expect(isGoNewEnough(version, "1.26.0")).toBe(isNewEnough);
  });

  test("is demanded by the go line alone", () => {
    expect(demandedGoVersion("module a\n\ngo 1.26.0\n\ntoolchain go1.27.0\n")).toBe("1.26.0");
    expect(() => demandedGoVersion("module a\n")).toThrow("go.mod has no go line");
  });
});

describe("toolchain check", () => {
  let bin: string;
  beforeEach(async () => {
    bin = await mkdtemp(path.join(tmpdir(), "bin-"));
    await symlink("/bin/sh", path.join(bin, "sh"));
  });
  afterEach(async () => await rm(bin, { recursive: true }));

  const put = async (name: string, script: string): Promise<void> => {
    await writeFile(path.join(bin, name), `#!/bin/sh\n${script}\n`);
    await chmod(path.join(bin, name), 0o755);
  };
  const check = async (needsC: boolean) =>
    await checkToolchain({ demandedGo: "1.26.0", needsC, environment: { PATH: bin } });

  test("passes with a new enough Go and a C compiler", async () => {
    await put("go", "echo go1.26.8");
    await put("gcc", "echo gcc");
    await expect(check(true)).resolves.toBeUndefined();
  });

  test("needs no C compiler when nothing uses one", async () => {
    await put("go", "echo go1.26.8");
    await expect(check(false)).resolves.toBeUndefined();
  });

  test("names Go when it is missing", async () => {
    await expect(check(false)).rejects.toMatchObject({
      code: "ERR_HOST_PROGRAM_MISSING",
      message: "go could not be started: install Go 1.26 or newer",
    });
  });

  test("names both versions when Go is too old", async () => {
    await put("go", "echo go1.24.1");
    await expect(check(false)).rejects.toMatchObject({
      code: "ERR_GO_TOO_OLD",
      message: "Go 1.26.0 or newer is needed; `go` is go1.24.1",
    });
  });

  test("names gcc when it is missing", async () => {
    await put("go", "echo go1.26.8");
    await expect(check(true)).rejects.toMatchObject({
      code: "ERR_HOST_PROGRAM_MISSING",
      message: "gcc could not be started: install gcc with the C library's headers (Debian: build-essential)",
    });
  });
});

describe("build environment", () => {
  test("keeps what says where modules come from, and overrides what would change the result", () => {
    const own = { GOPROXY: "https://proxy.example", GOFLAGS: "-mod=vendor", GOTOOLCHAIN: "go1.30", CGO_ENABLED: "1" };
    expect(goEnvironment(own, false)).toEqual({
      GOPROXY: "https://proxy.example",
      GOFLAGS: "",
      GOTOOLCHAIN: "local",
      GOWORK: "off",
      CGO_ENABLED: "0",
    });
    expect(goEnvironment(own, true)["CGO_ENABLED"]).toBe("1");
  });
});

describe("failed build", () => {
  test.each([
    "example.com/a@v1.0.0: reading https://proxy.example/example.com/a/@v/v1.0.0.zip: 403 Forbidden",
    'go: example.com/a@v1.0.0: Get "https://proxy.example/x": dial tcp: lookup proxy.example: no such host',
    "go: example.com/a@v1.0.0: verifying module: checksum mismatch",
  ])("is an unavailable module: %s", (line) => {
    const error = buildFailure("etcd", `go: downloading example.com/b v1.0.0\n${line}\n\tserver response: none\n`);
    expect(error.code).toBe("ERR_MODULE_UNAVAILABLE");
    expect(error.message).toContain(line);
  });

  test("is otherwise told by what Go wrote, without its downloads", () => {
    const error = buildFailure(
      "etcd",
      "go: downloading example.com/b v1.0.0\n# example.com/a\na.go:1:2: undefined: b\n",
    );
    expect(error.code).toBe("ERR_BUILD_FAILED");
    expect(error.message).toBe("etcd was not built:\n# example.com/a\na.go:1:2: undefined: b");
  });
});
