export type { CommandSpec, FlagSpec } from "./command.ts";
export { commands } from "./commands.ts";
export { exitCode, type ExitCode } from "./exit-code.ts";
export type { PluginContext } from "./invocation.ts";
export { parseCommandLine } from "./program.ts";
export { runPlugin } from "./run-plugin.ts";
export type { Terminal } from "./terminal.ts";
