// What `npm test` reads from vitest's JSON reports. Plain JavaScript, since run.mjs runs on the host's own Node.
import path from "node:path";
import { stripVTControlCharacters } from "node:util";

/** Lines of a message that are printed once more at the end. */
const messageLines = 25;

/**
 * What a suite came to, by the report that vitest wrote and the code that it ended with. Nothing passes by not being
 * there: a file whose set-up failed, whose tests vitest calls skipped, is a failure, and so is a suite without a report or
 * one that ended with an error of no test.
 *
 * @example
 * readTestReport({ suite: "unit", text: '{"numPassedTests":2,…}', exitCode: 0, root: "/repo" });
 * // { passed: 2, failed: 0, skipped: 0, failures: [] }
 */
export function readTestReport({ suite, text, exitCode, root }) {
  const report = parse(text);
  const failures = (report?.testResults ?? []).flatMap((file) => failuresOf(file, path.relative(root, file.name)));
  if (report === undefined) {
    failures.push({ name: `suite ${suite}`, message: `it ended with code ${exitCode} and left no report` });
  } else if (failures.length === 0 && exitCode !== 0) {
    const message = `it ended with code ${exitCode} although no test failed: an error outside of them, see above`;
    failures.push({ name: `suite ${suite}`, message });
  }
  return {
    passed: report?.numPassedTests ?? 0,
    failed: failures.length,
    skipped: (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0),
    failures,
  };
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function failuresOf({ status, message, assertionResults }, file) {
  const failed = assertionResults.filter((test) => test.status === "failed");
  if (failed.length === 0 && status === "failed") return [{ name: file, message: clean(message) }];
  return failed.map(({ ancestorTitles, title, failureMessages }) => ({
    name: [file, ...ancestorTitles, title].join(" > "),
    message: clean(failureMessages.join("\n")),
  }));
}

function clean(message) {
  const lines = stripVTControlCharacters(message).trimEnd().split("\n");
  const kept = lines.filter((line) => !/^\s+at .*node_modules/.test(line)).slice(0, messageLines);
  return kept.length < lines.length ? [...kept, "…"].join("\n") : kept.join("\n");
}

/** Name and message of each failure, for the end of a log whose middle may be cut. */
export function formatFailures(failures) {
  return failures.map(({ name, message }) => `FAILED: ${name}\n${message.replaceAll(/^/gm, "    ")}\n`).join("");
}
