import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { parentFolders, type TarEntry, writeTar } from "@capstan/tools/tar";
import { expect, test } from "vitest";

const entry = (name: string, content = "x", mode = 0o644): TarEntry => ({
  path: name,
  content: new TextEncoder().encode(content),
  mode,
});

/** What tar(1) reads, as `tar -tv` prints it. */
async function listed(entries: readonly TarEntry[]): Promise<readonly string[]> {
  const folder = await mkdtemp(path.join(tmpdir(), "capstan-tar-"));
  try {
    const file = path.join(folder, "a.tar");
    await writeFile(file, writeTar(entries));
    const { stdout } = await promisify(execFile)("tar", ["--utc", "-tvf", file]);
    return stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.replaceAll(/ +/g, " "));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test("tar(1) reads files and folders with their modes, all of root's and without a time", async () => {
  const files = [entry("app/run.js", "a".repeat(1_000), 0o755), entry("etc/a/b", "")];
  expect(await listed([...parentFolders(files), ...files])).toEqual([
    "drwxr-xr-x 0/0 0 1970-01-01 00:00 app/",
    "-rwxr-xr-x 0/0 1000 1970-01-01 00:00 app/run.js",
    "drwxr-xr-x 0/0 0 1970-01-01 00:00 etc/",
    "drwxr-xr-x 0/0 0 1970-01-01 00:00 etc/a/",
    "-rw-r--r-- 0/0 0 1970-01-01 00:00 etc/a/b",
  ]);
});

test("the order in which entries are given makes no difference", () => {
  const [a, b] = [entry("a"), entry("b")];
  expect(writeTar([a, b])).toEqual(writeTar([b, a]));
});

test.each([0, 1, 511, 512, 513])(
  "a file of %d bytes fills whole blocks, and two empty ones end the archive",
  (size) => {
    expect(writeTar([entry("a", "x".repeat(size))]).length).toBe(512 * (1 + Math.ceil(size / 512) + 2));
  },
);

test.each(["/etc/passwd", "a".repeat(101), `${"é".repeat(50)}x`])("the path %s is refused", (name) => {
  expect(() => writeTar([entry(name)])).toThrow(RangeError);
});
