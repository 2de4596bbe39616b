import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatFailures, readTestReport, type SuiteResult } from "../test-report.mjs";

// The reports are those of the vitest that this repository runs.

const repository = path.dirname(path.dirname(import.meta.dirname));

let root: string;

beforeAll(async () => {
  // Below the repository, where vitest is found.
  root = await mkdtemp(path.join(repository, "node_modules", ".test-report-"));
});

afterAll(async () => {
  await rm(root, { recursive: true });
});

async function reportOf(files: Readonly<Record<string, string>>): Promise<SuiteResult> {
  const folder = await mkdtemp(path.join(root, "suite-"));
  for (const [name, text] of Object.entries(files)) {
    await writeFile(path.join(folder, name), `import { beforeAll, describe, expect, test } from "vitest";\n${text}`);
  }
  await writeFile(path.join(folder, "vitest.config.mjs"), "export default {};\n");
  const outputFile = path.join(folder, "report.json");
  const vitest = path.join(repository, "node_modules", "vitest", "vitest.mjs");
  const args = [vitest, "run", "--reporter=json", `--outputFile=${outputFile}`];
  const exitCode = await promisify(execFile)(process.execPath, args, { cwd: folder }).then(
    () => 0,
    (error: { readonly code: number }) => error.code,
  );
  const text = await readFile(outputFile, "utf8").catch(() => undefined);
  return readTestReport({ suite: "unit", text, exitCode, root: folder });
}

describe("a suite", { timeout: 300_000 }, () => {
  test("tells each failed test by its file, its groups and what it said, and each file that could not be set up", async () => {
    const result = await reportOf({
      "a.test.js": 'describe("of a", () => test("is two", () => expect(1).toBe(2)));',
      "b.test.js": 'test("holds", () => {}); test("throws", () => { throw new Error("no such thing\\nat all"); });',
      // Both of its tests are skipped, says vitest.
      "c.test.js": 'beforeAll(() => { throw new Error("no cluster"); }); test("one", () => {}); test("two", () => {});',
      "d.test.js": 'import "./missing.js";',
      "e.test.js": 'test("passes", () => {}); test.skip("is left out", () => {}); test.todo("is not there yet");',
    });
    expect(result).toMatchObject({ passed: 2, failed: 4, skipped: 4 });
    const [a, b, c, d] = result.failures.toSorted((one, other) => one.name.localeCompare(other.name));
    expect(a?.name).toBe("a.test.js > of a > is two");
    expect(a?.message).toMatch(/^AssertionError: expected 1 to be 2/);
    expect(formatFailures(b === undefined ? [] : [b])).toMatch(
      /^FAILED: b\.test\.js > throws\n {4}Error: no such thing\n {4}at all\n/,
    );
    expect(c).toEqual({ name: "c.test.js", message: expect.stringContaining("no cluster") });
    expect(d).toEqual({ name: "d.test.js", message: expect.stringContaining("./missing.js") });
  });

  test("with an error outside of its tests has failed, though all of them passed", async () => {
    const late = 'setTimeout(() => { throw new Error("late"); }, 0); return new Promise((r) => setTimeout(r, 50));';
    const result = await reportOf({ "a.test.js": `test("one", () => { ${late} });` });
    expect(result).toMatchObject({ passed: 1, failed: 1 });
    expect(result.failures[0]).toMatchObject({ name: "suite unit", message: expect.stringContaining("code 1") });
  });

  test("in which all passed has nothing to tell", () => {
    const file = { name: path.join(root, "a.test.ts"), status: "passed", message: "", assertionResults: [] };
    const text = JSON.stringify({ numPassedTests: 2, numPendingTests: 1, numTodoTests: 0, testResults: [file] });
    expect(readTestReport({ suite: "unit", text, exitCode: 0, root })).toEqual({
      passed: 2,
      failed: 0,
      skipped: 1,
      failures: [],
    });
    expect(formatFailures([])).toBe("");
  });

  test.each([
    { name: "has left no report", text: undefined },
    { name: "has left half of a report", text: '{"numPassedTests": 3' },
  ])("that $name has failed, whatever it ended with", ({ text }) => {
    const result = readTestReport({ suite: "e2e", text, exitCode: 0, root });
    expect(result).toEqual({
      passed: 0,
      failed: 1,
      skipped: 0,
      failures: [{ name: "suite e2e", message: "it ended with code 0 and left no report" }],
    });
  });

  test("has no more of a long message than fits", () => {
    const message = Array.from({ length: 400 }, (_, line) => `line ${line}`).join("\n");
    const file = { name: path.join(root, "a.test.ts"), status: "failed", message, assertionResults: [] };
    const text = JSON.stringify({ numPassedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [file] });
    const { failures } = readTestReport({ suite: "unit", text, exitCode: 1, root });
    expect(failures[0]?.message.split("\n")).toHaveLength(26);
    expect(failures[0]?.message).toMatch(/^line 0\n[^]*\nline 24\n…$/);
  });
});
