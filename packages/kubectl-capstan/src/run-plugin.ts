import { KubeApiError, KubeconfigError } from "@capstan/kube";
import { CommanderError } from "commander";
import { commands } from "./commands.ts";
import { complete } from "./completion/complete.ts";
import { exitCode, type ExitCode, PluginError, UsageError } from "./exit-code.ts";
import { explainApiError } from "./explain-error.ts";
import type { PluginContext } from "./invocation.ts";
import { printable } from "./output/printable.ts";
import { parseCommandLine, type ParsedCommand } from "./program.ts";

/** Runs one command line, without "kubectl capstan" itself, and returns what the process should end with. Never throws. */
export async function runPlugin(argv: readonly string[], context: PluginContext): Promise<ExitCode> {
  // Called by the completion script; no command of people's.
  if (argv[0] === "__complete") {
    context.terminal.out(complete(commands, argv.slice(1)));
    return exitCode.done;
  }
  let parsed: ParsedCommand | undefined;
  try {
    parsed = parseCommandLine(argv, context.terminal);
    return await parsed.command.run({ arguments: parsed.arguments, options: parsed.options, context });
  } catch (error) {
    return report(error, { context, command: parsed?.command.name });
  }
}

function report(
  error: unknown,
  { context, command }: { readonly context: PluginContext; readonly command: string | undefined },
): ExitCode {
  const { err } = context.terminal;
  // commander has said it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage;
  if (error instanceof UsageError) {
    err(`error: ${printable(error.message)}\nSee "kubectl capstan ${command ?? ""} --help".\n`);
    return exitCode.usage;
  }
  if (error instanceof KubeApiError) {
    const explanation = explainApiError(error);
    err(`error: ${printable(error.message)}\n${explanation === undefined ? "" : `${printable(explanation)}\n`}`);
  } else if (error instanceof PluginError || error instanceof KubeconfigError) {
    err(`error: ${printable(error.message)}\n`);
  } else {
    err(
      `error: unexpected failure, please report it: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
  }
  return exitCode.failed;
}
