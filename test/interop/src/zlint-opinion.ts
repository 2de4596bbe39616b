import { runCommand } from "./run-command.ts";

export interface Finding {
  readonly file: string;
  readonly lint: string;
  readonly severity: "warn" | "error" | "fatal";
}

const SEVERITIES: ReadonlySet<unknown> = new Set(["warn", "error", "fatal"]);

/** Runs zlint over these DER files, in one process, with the lints of these sources. */
export async function runZlint(
  zlint: string,
  sources: readonly string[],
  files: readonly string[],
): Promise<Finding[]> {
  const { stdout, stderr, exitCode } = await runCommand(zlint, ["-includeSources", sources.join(","), ...files]);
  const lines = stdout.split("\n").filter((line) => line !== "");
  if (exitCode !== 0 || lines.length !== files.length) {
    throw new Error(`zlint could not read ${files[lines.length]}: ${stderr}`);
  }
  return lines.flatMap((line, index) => {
    const results = JSON.parse(line) as { readonly [lint: string]: { readonly result: string } };
    return Object.entries(results).flatMap(([lint, { result }]) =>
      SEVERITIES.has(result) ? [{ file: files[index] ?? "", lint, severity: result as Finding["severity"] }] : [],
    );
  });
}
