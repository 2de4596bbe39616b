import { describe, expect, test } from "vitest";

import { formatElapsed } from "../src/elapsed.ts";
import { cacheDirectory } from "../src/install-tools.ts";

describe("cache folder", () => {
  test.each([
    [{ HOME: "/home/ada" }, "/home/ada/.cache/capstan/control-plane"],
    [{ HOME: "/home/ada", XDG_CACHE_HOME: "/var/cache/ada" }, "/var/cache/ada/capstan/control-plane"],
    // XDG Base Directory Specification: relative paths and empty values count as unset.
    [{ HOME: "/home/ada", XDG_CACHE_HOME: "cache" }, "/home/ada/.cache/capstan/control-plane"],
    [{ HOME: "/home/ada", XDG_CACHE_HOME: "" }, "/home/ada/.cache/capstan/control-plane"],
  ])("%j", (environment, directory) => {
    expect(cacheDirectory(environment)).toBe(directory);
  });
});

describe("elapsed time", () => {
  test.each([
    [0, "0.0s"],
    [9_940, "9.9s"],
    [42_400, "42s"],
    [59_600, "1m00s"],
    [331_000, "5m31s"],
  ])("%d ms is %s", (ms, text) => {
    expect(formatElapsed(ms)).toBe(text);
  });
});
