// What `npm run quickstart` and `npm test` start. Plain JavaScript, since the host may have Node 20 and nothing
// installed yet: it checks what the host must have, installs the rest, and hands over to Node 24.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { formatFailures, readTestReport } from "./test-report.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const bin = path.join(root, "node_modules", ".bin");
const started = Date.now();

/** Elapsed time since the start, as 1m05s. */
function elapsed() {
  const seconds = Math.round((Date.now() - started) / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`;
}

function say(text) {
  process.stderr.write(`[${elapsed()}] ${text}\n`);
}

/** What the host itself must have; everything else is installed by this project. */
const requirements = [
  { name: "npm", command: ["npm", "--version"], cure: "install Node.js 20 or newer with npm" },
  {
    name: "Go 1.26",
    command: ["go", "env", "GOVERSION"],
    atLeast: [1, 26],
    cure: "install Go 1.26 or newer from https://go.dev/dl",
  },
  { name: "git", command: ["git", "--version"], cure: "install git" },
  {
    name: "gcc",
    command: ["gcc", "--version"],
    cure: "install gcc with the C library's headers (Debian: build-essential)",
  },
  { name: "openssl", command: ["openssl", "version"], cure: "install openssl" },
  { name: "setpriv", command: ["setpriv", "--version"], cure: "install util-linux" },
  { name: "flock", command: ["flock", "--version"], cure: "install util-linux" },
];

function missingRequirements() {
  const missing = [];
  if (process.platform !== "linux") missing.push(`Linux (this is ${process.platform})`);
  if (Number(process.versions.node.split(".")[0]) < 20)
    missing.push(`Node.js 20 or newer (this is ${process.version})`);
  for (const { name, command, atLeast, cure } of requirements) {
    const result = spawnSync(command[0], command.slice(1), { encoding: "utf8" });
    if (result.error !== undefined || result.status !== 0) {
      missing.push(`${name}: ${cure}`);
      continue;
    }
    if (atLeast !== undefined) {
      const [major, minor] = (/(\d+)\.(\d+)/.exec(result.stdout) ?? []).slice(1).map(Number);
      if (major < atLeast[0] || (major === atLeast[0] && minor < atLeast[1]))
        missing.push(`${name}: found ${result.stdout.trim()}; ${cure}`);
    }
  }
  return missing;
}

/** The environment of everything below: the project's own Node 24 and tools come first. */
const environment = { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH ?? ""}`, NODE_OPTIONS: "" };

function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env: environment, stdio: "inherit" });
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
    child.on("error", (error) => {
      say(`${command} could not be started: ${error.message}`);
      resolve(127);
    });
    child.on("exit", (code, signal) => resolve(code ?? (signal === null ? 1 : 128)));
  });
}

async function install() {
  const version = /^ {2}pnpm: (\S+)$/m.exec(readFileSync(path.join(root, "pnpm-workspace.yaml"), "utf8"))?.[1];
  say(`installing the pinned npm packages with pnpm ${version}`);
  const code = await run("npm", [
    "exec",
    "--yes",
    `--package=pnpm@${version}`,
    "--",
    "pnpm",
    "install",
    "--frozen-lockfile",
    "--reporter=append-only",
    "--loglevel=warn",
  ]);
  if (code !== 0) {
    say("installing the npm packages failed; is the npm registry reachable?");
    process.exit(1);
  }
  say("npm packages installed");
}

/** Where generated files are. */
const generated =
  "packages/api/src/generated packages/kubectl-capstan/src/doctor deploy docs/reference docs/operate/doctor.md";

/** Each name is a sentence that is true when the check passes. */
const checks = [
  {
    sentence: "The generated files are those that their sources make",
    command: [
      "sh",
      "-c",
      `pnpm generate && git diff --exit-code --stat -- ${generated} && test -z "$(git status --porcelain -- ${generated})"`,
    ],
  },
  { sentence: "The types fit", command: ["sh", "-c", "tsc -b && tsc -p tsconfig.tests.json"] },
  {
    sentence: "The code has no lint finding and packages import only what they may",
    command: ["oxlint", "--type-aware", "--deny-warnings"],
  },
  { sentence: "The code is formatted", command: ["oxfmt", "--check", "."] },
  { sentence: "No file, export or dependency is unused", command: ["knip"] },
];

async function test() {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const failures = [];
  for (const { sentence, command } of checks) {
    const [program, ...args] = command;
    const code = await run(program, args);
    counts[code === 0 ? "passed" : "failed"] += 1;
    if (code !== 0) failures.push({ name: sentence, message: `does not hold; to see why: ${quote(command)}` });
    say(`${code === 0 ? "ok" : "FAILED"}: ${sentence}`);
  }
  const reports = mkdtempSync(path.join(tmpdir(), "capstan-test-"));
  for (const suite of ["unit", "e2e"]) {
    say(`suite ${suite} begins`);
    const file = path.join(reports, `${suite}.json`);
    const exitCode = await run("vitest", [
      "run",
      "--project",
      suite,
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${file}`,
    ]);
    const result = readTestReport({ suite, text: readIfThere(file), exitCode, root });
    for (const kind of Object.keys(counts)) counts[kind] += result[kind];
    failures.push(...result.failures);
    say(`suite ${suite}: ${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped`);
  }
  rmSync(reports, { recursive: true, force: true });
  say("done");
  process.stderr.write(formatFailures(failures));
  process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
  return counts.failed === 0 ? 0 : 1;
}

/** A command as a shell takes it. */
function quote(command) {
  return command.map((word) => (/^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(" ");
}

function readIfThere(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

const commands = {
  quickstart: (args) => run("node", ["--conditions=@capstan/source", "test/e2e/src/quickstart.ts", ...args]),
  test,
};

const [name, ...args] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) {
  say(`usage: node tools/run.mjs ${Object.keys(commands).join("|")}`);
  process.exit(2);
}
const missing = missingRequirements();
if (missing.length > 0) {
  say(`this machine lacks:\n${missing.map((line) => `  - ${line}`).join("\n")}`);
  process.exit(1);
}
await install();
process.exitCode = await command(args);
