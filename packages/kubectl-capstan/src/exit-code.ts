/** What the process ends with: done, failed or unhealthy, used wrongly. */
export const exitCode = { done: 0, failed: 1, usage: 2 } as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** The command line asks for something that cannot be meant. Ends with 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly code = "ERR_USAGE";
}

/** What was asked cannot be done now; the message says why and what to do. Ends with 1. */
export class PluginError extends Error {
  override readonly name = "PluginError";
  readonly code = "ERR_PLUGIN";
}
