import type { Clock } from "@capstan/kube";
import type { Terminal } from "./terminal.ts";

/** What the plugin has from its surroundings. */
export interface PluginContext {
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

/** One command as it was called. */
export interface Invocation<Options extends object = object> {
  readonly arguments: readonly string[];
  readonly options: Options;
  readonly context: PluginContext;
}
