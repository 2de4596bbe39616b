import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { portDirectory, repository } from "../src/places.ts";

/** Each module that a go.mod requires, with its version. */
async function requiredModules(file: string): Promise<ReadonlyMap<string, string>> {
  const lines = (await readFile(file, "utf8")).matchAll(/^\s*(?:require )?(\S+\.\S+) (v\S+)/gm);
  return new Map([...lines].map(([, module = "", version = ""]) => [module, version]));
}

test("the-suite-judges-with-the-versions-that-are-tested", async () => {
  const suite = await requiredModules(path.join(portDirectory, "go.mod"));
  const tested = await requiredModules(path.join(repository, "test/cluster/go/control-plane/go.mod"));
  expect(suite.get("github.com/cert-manager/cert-manager")).toBeDefined();
  const shared = [...suite].filter(([module]) => tested.has(module));
  expect(shared.length).toBeGreaterThan(20);
  expect(shared).toEqual(shared.map(([module]) => [module, tested.get(module)]));
});
