// What `pnpm mutation [area…] [--again]` starts: changes the sources of an area one fault at a time, runs its tests against
// each, and fails for a fault that no test notices, unless `mutation-survivors.yaml` says why it makes no difference.
// `--again` takes over from the last run, also one that was ended, what it found of faults that have not changed since and
// nor have the tests that they meet, but for what only a time limit noticed. What a test imports it does not look at, so
// the last word has a run without it.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
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

/** A fault, told by what stands there and not by its line, which moves. */
interface Fault {
  readonly file: string;
  /** The line that was changed, without its indentation. */
  readonly line: string;
  /** The part of it that was replaced, up to the end of the line. */
  readonly part: string;
  /** On one line. */
  readonly replacement: string;
}

interface Argument {
  readonly file: string;
  readonly line: string;
  /** Of faults that differ in nothing else. */
  readonly part?: string;
  /** One, or all those for which one reason is enough. */
  readonly replacement: string | readonly string[];
  /** How many faults are told by all this: 1 when it is absent. */
  readonly times?: number;
  readonly because: string;
}

const OK: ReadonlySet<string> = new Set(["Killed", "Timeout", "CompileError", "RuntimeError"]);

/** What a time limit has ended is tried again: a busy machine reaches it without a fault. */
function forgetTimeouts(incrementalFile: string): void {
  if (!existsSync(incrementalFile)) return;
  const { files, ...rest } = JSON.parse(readFileSync(incrementalFile, "utf8")) as Report;
  const known = Object.entries(files).map(([file, { mutants, ...source }]) => [
    file,
    { ...source, mutants: mutants.filter(({ status }) => status !== "Timeout") },
  ]);
  writeFileSync(incrementalFile, JSON.stringify({ ...rest, files: Object.fromEntries(known) }));
}

/** Stryker's own settings, and what belongs to the area: its report and its sandbox, so that two areas can run at once. */
function runStryker(area: MutationArea, isAgain: boolean): Promise<number> {
  const incrementalFile = join(reports, `incremental-${area.name}.json`);
  if (isAgain) forgetTimeouts(incrementalFile);
  const settings = {
    ...(JSON.parse(readFileSync(join(folder, "stryker.config.json"), "utf8")) as object),
    mutate: area.mutate,
    jsonReporter: { fileName: reportOf(area) },
    tempDirName: join(reports, `sandbox-${area.name}`),
    incremental: true,
    incrementalFile,
    force: !isAgain,
  };
  const config = join(reports, `stryker-${area.name}.json`);
  mkdirSync(reports, { recursive: true });
  writeFileSync(config, JSON.stringify(settings));
  return new Promise((resolve, reject) => {
    const child = spawn("stryker", ["run", config], {
      cwd: folder,
      env: { ...process.env, CAPSTAN_MUTATION_AREA: area.name },
      stdio: "inherit",
    });
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

function reportOf(area: MutationArea): string {
  return join(reports, `mutation-${area.name}.json`);
}

function readReport(area: MutationArea): Report {
  return JSON.parse(readFileSync(reportOf(area), "utf8")) as Report;
}

const SURVIVED: ReadonlySet<string> = new Set(["Survived", "NoCoverage"]);

function faultsOf(report: Report, statuses: ReadonlySet<string>): Fault[] {
  return Object.entries(report.files).flatMap(([file, { source, mutants }]) => {
    const lines = source.split("\n");
    return mutants
      .filter(({ status }) => statuses.has(status))
      .map(({ location: { start, end }, replacement: printed = "" }) => {
        const replacement = printed.replaceAll(/\s+/g, " ");
        const line = lines[start.line - 1] ?? "";
        const part = line.slice(start.column - 1, end.line === start.line ? end.column - 1 : undefined);
        return { file, line: line.trim(), part, replacement };
      });
  });
}

function isAbout(argument: Argument, { file, line, part, replacement }: Fault): boolean {
  return (
    argument.file === file &&
    argument.line === line &&
    (argument.part ?? part) === part &&
    [argument.replacement].flat().includes(replacement)
  );
}

/** Those that no argument is about, and those of which there are more than it speaks of. */
function openOf(survivors: readonly Fault[], args: readonly Argument[]): Fault[] {
  const closed = new Set<Fault>();
  for (const argument of args) {
    for (const replacement of [argument.replacement].flat()) {
      const met = survivors.filter((one) => isAbout({ ...argument, replacement }, one));
      if (met.length <= (argument.times ?? 1)) for (const one of met) closed.add(one);
    }
  }
  return survivors.filter((one) => !closed.has(one));
}

const asked = process.argv.slice(2);
const named = asked.filter((one) => one !== "--again");
const areas = named.length === 0 ? AREAS : named.map(areaNamed);
const args = parse(readFileSync(join(folder, "mutation-survivors.yaml"), "utf8")) as readonly Argument[];
for (const { file, line } of args) {
  const isThere = readFileSync(join(folder, file), "utf8")
    .split("\n")
    .some((one) => one.trim() === line);
  if (!isThere) throw new Error(`mutation-survivors.yaml: ${file} has no line \`${line}\``);
}
const counts = { passed: 0, failed: 0, skipped: 0 };
const open: Fault[] = [];
const endless: Fault[] = [];
for (const area of areas) {
  process.stderr.write(`mutation: ${area.name}: ${area.mutate.join(", ")}\n`);
  const code = await runStryker(area, named.length < asked.length);
  if (code !== 0) {
    process.stderr.write(`mutation: ${area.name}: stryker ended with status ${code}\n`);
    process.exitCode = 1;
    continue;
  }
  const report = readReport(area);
  const mutants = Object.values(report.files).flatMap((file) => file.mutants);
  const survivors = faultsOf(report, SURVIVED);
  const unexplained = openOf(survivors, args);
  const countOf = (status: string): number => mutants.filter((one) => one.status === status).length;
  const argued = survivors.length - unexplained.length;
  const noticed = mutants.filter(({ status }) => OK.has(status)).length;
  process.stdout.write(
    `${area.name}: ${mutants.length - countOf("Ignored")} faults, ${noticed} noticed (${countOf("Timeout")} by a time ` +
      `limit), ${argued} argued, ${unexplained.length} open; ${countOf("Ignored")} only run while a module is loaded\n`,
  );
  counts.passed += noticed;
  counts.failed += unexplained.length;
  // Argued survivors, and those that only run while a module is loaded, which no single test can be held to.
  counts.skipped += argued + countOf("Ignored");
  open.push(...unexplained);
  endless.push(...faultsOf(report, new Set(["Timeout"])));
}
function say(what: string, faults: readonly Fault[]): void {
  for (const { file, line, part, replacement } of faults) {
    process.stdout.write(`${what}: ${file}: \`${line}\` with \`${replacement}\` for \`${part}\`\n`);
  }
}

// On a machine that is busy, a time limit may have run out for another reason.
say("only a time limit notices", endless);
say("no test notices", open);
process.stdout.write(`reports: ${relative(process.cwd(), reports)}\n`);
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
if (open.length > 0) process.exitCode = 1;
