import { KubeApiError, KubeconfigError } from "@capstan/kube";
import { CommanderError } from "commander";
import { type CommandName, commands } from "./commands.ts";
import { complete } from "./completion/complete.ts";
import { completionScript } from "./completion/script.ts";
import { exitCode, type ExitCode, PluginError, UsageError } from "./exit-code.ts";
import { explainApiError } from "./explain-error.ts";
import type { Invocation, PluginContext } from "./invocation.ts";
import { list } from "./list/list-command.ts";
import { printable } from "./output/printable.ts";
import { parseCommandLine, type ParsedCommand } from "./program.ts";
import { revoke } from "./revoke/revoke-command.ts";
import { status } from "./status/status-command.ts";
import { pluginVersion } from "./version.ts";

type Handler = (invocation: Invocation) => ExitCode | Promise<ExitCode>;

const handlers: Readonly<Record<CommandName, Handler>> = {
  status,
  list,
  revoke,
  completion: ({ context }) => print(context, completionScript),
  version: ({ context }) => print(context, `kubectl-capstan ${pluginVersion}\n`),
};

/** Runs one command line, without "kubectl capstan" itself, and returns what the process should end with. Never throws. */
export async function runPlugin(argv: readonly string[], context: PluginContext): Promise<ExitCode> {
  // Called by the completion script; no command of people's.
  if (argv[0] === "__complete") return print(context, complete(commands, argv.slice(1)));
  let parsed: ParsedCommand | undefined;
  try {
    parsed = parseCommandLine(argv, context.terminal);
    return await handlers[parsed.name]({ arguments: parsed.arguments, options: parsed.options, context });
  } catch (error) {
    return report(error, { context, command: parsed?.name });
  }
}

function print({ terminal }: PluginContext, text: string): ExitCode {
  terminal.out(text);
  return exitCode.done;
}

function report(
  error: unknown,
  { context, command }: { readonly context: PluginContext; readonly command: CommandName | undefined },
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
