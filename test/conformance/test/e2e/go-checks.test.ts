import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { portDirectory } from "../../src/places.ts";

// Beside the suites that need a cluster: by then Go has compiled what the specs share with it.
test("the-validations-find-what-is-wrong", { timeout: 900_000 }, async () => {
  const run = promisify(execFile)("go", ["test", "-trimpath", "-mod=readonly", "."], {
    cwd: portDirectory,
    env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" },
  });
  expect((await run).stdout).toMatch(/^ok\s/);
});
