export interface Failure {
  /** File and titles, as `test/x.test.ts > a group > a fact`; or the suite. */
  readonly name: string;
  readonly message: string;
}

export interface SuiteResult {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly Failure[];
}

export function readTestReport(options: {
  readonly suite: string;
  /** The report; undefined when there is none. */
  readonly text: string | undefined;
  readonly exitCode: number;
  /** What the files' names are relative to. */
  readonly root: string;
}): SuiteResult;

export function formatFailures(failures: readonly Failure[]): string;
