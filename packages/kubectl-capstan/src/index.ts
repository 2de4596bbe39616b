export { exitCode, type ExitCode } from "./exit-code.ts";
export type { PluginContext } from "./invocation.ts";
export { runPlugin } from "./run-plugin.ts";
export type { Terminal } from "./terminal.ts";
