import type { Command } from "./command.ts";
import { exitCode } from "./exit-code.ts";
import { pluginVersion } from "./version.ts";

/** `kubectl capstan version`. */
export const versionCommand: Command = {
  name: "version",
  summary: "Print the plugin's version",
  description: "Prints the plugin's version.",
  flags: [],
  examples: [],
  run({ context }) {
    context.terminal.out(`kubectl-capstan ${pluginVersion}\n`);
    return exitCode.done;
  },
};
