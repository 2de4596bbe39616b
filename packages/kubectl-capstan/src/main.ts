import { createInterface } from "node:readline/promises";
import process from "node:process";
import { buffer } from "node:stream/consumers";
import { systemClock } from "@capstan/kube";
import { endBy, endingSignals } from "./interruption.ts";
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
    // While a line is read the terminal sends no signal for Ctrl-C.
    reader.once("SIGINT", () => endBy("SIGINT"));
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

for (const signal of endingSignals) process.once(signal, endBy);

// Without await at the top level, which the script inside an executable cannot have.
void runPlugin(process.argv.slice(2), { terminal, env, clock: systemClock }).then((code) => {
  process.exitCode = code;
});
