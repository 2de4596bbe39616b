import type { Command } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { completionScript } from "./script.ts";

/** `kubectl capstan completion kubectl`. */
export const completionCommand: Command = {
  name: "completion",
  summary: "Print the script that lets kubectl complete this plugin's commands",
  description:
    'Prints the script that kubectl runs to complete "kubectl capstan …". Save it on the PATH as kubectl_complete-capstan and make it executable.',
  argument: {
    notation: "<SHELL>",
    description: "kubectl, which serves every shell it has completion for",
    choices: ["kubectl"],
  },
  flags: [],
  examples: [
    "kubectl capstan completion kubectl > ~/.local/bin/kubectl_complete-capstan && chmod +x ~/.local/bin/kubectl_complete-capstan",
  ],
  run({ context }) {
    context.terminal.out(completionScript);
    return exitCode.done;
  },
};
