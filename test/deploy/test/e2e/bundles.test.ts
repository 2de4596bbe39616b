import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { bundlePrograms } from "@capstan/tools/bundles";
import { afterAll, beforeAll, expect, test } from "vitest";

// The programs as the image holds them. That they work is shown by every other test of this suite.

const repository = fileURLToPath(new URL("../../../..", import.meta.url));
let folder: string;
let app: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "capstan-bundles-test-"));
  app = path.join(folder, "app");
  await bundlePrograms(app);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function digests(of: string): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(of)).toSorted();
  return Object.fromEntries(
    await Promise.all(
      names.map(async (name): Promise<[string, string]> => [
        name,
        createHash("sha256")
          .update(await readFile(path.join(of, name)))
          .digest("hex"),
      ]),
    ),
  );
}

test("the same sources give the same bytes, wherever they are written", async () => {
  const deeper = path.join(folder, "some", "where", "else");
  await bundlePrograms(deeper);
  expect(await digests(deeper)).toEqual(await digests(app));
});

test("every source map names our files by their paths in the repository, and none holds their text", async () => {
  const maps = (await readdir(app)).filter((name) => name.endsWith(".map"));
  expect(maps).not.toEqual([]);
  const parsed = await Promise.all(
    maps.map(async (name) => JSON.parse(await readFile(path.join(app, name), "utf8")) as SourceMap),
  );
  expect(parsed.filter(({ sourcesContent }) => sourcesContent !== undefined)).toEqual([]);
  const sources = new Set(parsed.flatMap((map) => map.sources).filter((source) => !source.startsWith("node_modules/")));
  expect(sources).toContain("packages/kube/src/program.ts");
  const missing = await Promise.all(
    [...sources].map(async (source) =>
      (await readFile(path.join(repository, source)).catch(() => undefined)) === undefined ? source : undefined,
    ),
  );
  expect(missing.filter((source) => source !== undefined)).toEqual([]);
});

interface SourceMap {
  readonly sources: readonly string[];
  readonly sourcesContent?: unknown;
}

test.each(["issuer-controller", "crl-publisher", "crl-server"])("a stack trace of %s names our files", async (name) => {
  // Whatever it prints first throws.
  const preload = `data:text/javascript,${encodeURIComponent('process.stdout.write = () => { throw new Error("no"); };')}`;
  const args = ["--enable-source-maps", `--import=${preload}`, path.join(app, `${name}.js`), "--help"];
  const { stderr } = await promisify(execFile)(process.execPath, args).then(
    () => ({ stderr: "it printed" }),
    (error: unknown) => error as { readonly stderr: string },
  );
  const frames = stderr.split("\n").filter((line) => /^\s+at .*capstan\/packages\//.test(line));
  const places = frames.map((line) => /capstan\/(?<file>[^:]+):(?<line>\d+):\d+/.exec(line)?.groups);
  expect(places.map((place) => place?.["file"])).toContain("packages/kube/src/program.ts");
  const text = await readFile(path.join(repository, "packages/kube/src/program.ts"), "utf8");
  const place = places.find((one) => one?.["file"] === "packages/kube/src/program.ts");
  expect(text.split("\n")[Number(place?.["line"]) - 1]).toContain("stdout");
});
