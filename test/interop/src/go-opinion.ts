import { fileURLToPath } from "node:url";
import { buildGoProgram } from "@capstan/test-cluster";
import { runCommand } from "./run-command.ts";

/** Answers one question each, in their order. */
export type GoOpinion = (questions: readonly object[]) => Promise<unknown[]>;

/** Builds the Go program below `go/` if it is not there yet. */
export async function askGo(log: (line: string) => void): Promise<GoOpinion> {
  const directory = fileURLToPath(new URL("../go/", import.meta.url));
  const program = await buildGoProgram({ directory, name: "opinion" }, { log });
  return async (questions) => {
    const { stdout, stderr, exitCode } = await runCommand(
      program,
      [],
      questions.map((one) => JSON.stringify(one)).join("\n"),
    );
    if (exitCode !== 0) throw new Error(`the Go program failed: ${stderr}`);
    const answers = stdout
      .split("\n")
      .slice(0, -1)
      .map((line): unknown => JSON.parse(line));
    if (answers.length !== questions.length) throw new Error("the Go program did not answer every question");
    return answers;
  };
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
