import type { ExitCode } from "./exit-code.ts";
import type { Invocation } from "./invocation.ts";

/** One flag. As an option it has the long name in camel case. */
export interface FlagSpec {
  readonly long: string;
  readonly short?: string;
  /** Name of its value in help; a flag without one is a switch. */
  readonly value?: string;
  /** Its value where it stands alone. One that is named stands after `=` then, never in the next word, as in kubectl. */
  readonly alone?: string;
  readonly description: string;
  readonly choices?: readonly string[];
  readonly default?: string;
}

/** What parses a command line, and what its help, completion and reference are made of. */
export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly argument?: {
    /** In commander's notation: `[CA]` may be left out, `<TARGET...>` is one or more. */
    readonly notation: string;
    readonly description: string;
    readonly choices?: readonly string[];
    /** What completion offers for it. */
    readonly beginnings?: readonly string[];
  };
  readonly flags: readonly FlagSpec[];
  readonly examples: readonly string[];
}

/** A command; Options are its flags as parsed. */
export interface Command<Options extends object = object> extends CommandSpec {
  // A method, so that the table may hold commands whose options differ.
  run(invocation: Invocation<Options>): ExitCode | Promise<ExitCode>;
}
