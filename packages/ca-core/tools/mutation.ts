// What `pnpm mutation [area…]` starts: changes the sources of an area one fault at a time, runs its tests against each,
// and fails for a fault that no test notices, unless `mutation-survivors.yaml` says why it makes no difference.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { AREAS, areaNamed, type MutationArea } from "./mutation-areas.ts";

const folder = dirname(dirname(fileURLToPath(import.meta.url)));
const reports = join(folder, "reports");

/** The part of Stryker's report (mutation-testing-report-schema) that is read here. */
interface Report {
  readonly files: {
    readonly [file: string]: { readonly source: string; readonly mutants: readonly Mutant[] };
  };
}

interface Position {
  readonly line: number;
  readonly column: number;
}

interface Mutant {
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly status: string;
  readonly location: { readonly start: Position; readonly end: Position };
}

/** A fault that no test notices, told by what stands there and not by its line, which moves. */
interface Survivor {
  readonly file: string;
  /** The line that was changed, without its indentation. */
  readonly line: string;
  /** What was put in the place of a part of it. */
  readonly replacement: string;
}

interface ArguedSurvivor extends Survivor {
  readonly because: string;
}

const OK: ReadonlySet<string> = new Set(["Killed", "Timeout", "CompileError", "RuntimeError"]);

function runStryker(area: MutationArea): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn("stryker", ["run", "--mutate", area.mutate.join(",")], {
      cwd: folder,
      env: { ...process.env, CAPSTAN_MUTATION_AREA: area.name },
      stdio: "inherit",
    });
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

function readReport(): Report {
  return JSON.parse(readFileSync(join(reports, "mutation.json"), "utf8")) as Report;
}

function survivorsOf(report: Report): Survivor[] {
  return Object.entries(report.files).flatMap(([file, { source, mutants }]) =>
    mutants
      .filter(({ status }) => status === "Survived" || status === "NoCoverage")
      .map(({ location, replacement = "" }) => ({
        file,
        line: (source.split("\n")[location.start.line - 1] ?? "").trim(),
        replacement,
      })),
  );
}

function isSame(a: Survivor, b: Survivor): boolean {
  return a.file === b.file && a.line === b.line && a.replacement === b.replacement;
}

const named = process.argv.slice(2);
const areas = named.length === 0 ? AREAS : named.map(areaNamed);
const argued = parse(readFileSync(join(folder, "mutation-survivors.yaml"), "utf8")) as readonly ArguedSurvivor[];
const counts = { passed: 0, failed: 0, skipped: 0 };
const open: Survivor[] = [];
for (const area of areas) {
  process.stderr.write(`mutation: ${area.name}: ${area.mutate.join(", ")}\n`);
  const code = await runStryker(area);
  if (code !== 0) {
    process.stderr.write(`mutation: ${area.name}: stryker ended with status ${code}\n`);
    process.exitCode = 1;
    continue;
  }
  const report = readReport();
  mkdirSync(reports, { recursive: true });
  writeFileSync(join(reports, `mutation-${area.name}.json`), JSON.stringify(report));
  const mutants = Object.values(report.files).flatMap((file) => file.mutants);
  const survivors = survivorsOf(report);
  const unexplained = survivors.filter((one) => !argued.some((known) => isSame(known, one)));
  counts.passed += mutants.filter(({ status }) => OK.has(status)).length;
  counts.failed += unexplained.length;
  // Argued survivors, and those that only run while a module is loaded, which no single test can be held to.
  counts.skipped += survivors.length - unexplained.length + mutants.filter(({ status }) => status === "Ignored").length;
  open.push(...unexplained);
}
for (const { file, line, replacement } of open) {
  process.stdout.write(`no test notices: ${file}: \`${line}\` with \`${replacement}\`\n`);
}
process.stdout.write(`reports: ${relative(process.cwd(), reports)}\n`);
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
if (open.length > 0) process.exitCode = 1;
