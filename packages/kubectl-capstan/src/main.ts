import { createInterface } from "node:readline/promises";
import process from "node:process";
import { buffer } from "node:stream/consumers";
import { systemClock } from "@capstan/kube";
import { runPlugin } from "./run-plugin.ts";
import type { Terminal } from "./terminal.ts";

const { env, stdin, stdout, stderr } = process;

const terminal: Terminal = {
  out: (text) => void stdout.write(text),
  err: (text) => void stderr.write(text),
  isInteractive: stdin.isTTY && stderr.isTTY,
  // https://no-color.org: present and not empty.
  hasColor: stdout.isTTY && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb",
  ask: async (question) => {
    const reader = createInterface({ input: stdin, output: stderr });
    try {
      const ended = new Promise<string>((resolve) => {
        reader.once("close", () => {
          resolve("");
        });
      });
      const answer = await Promise.race([reader.question(question), ended]);
      if (answer === "") stderr.write("\n"); // the end of input leaves the cursor behind the question
      return answer;
    } finally {
      reader.close();
    }
  },
  readInput: () => buffer(stdin),
};

// A reader like head that has seen enough is no failure.
stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

process.exitCode = await runPlugin(process.argv.slice(2), { terminal, env, clock: systemClock });
