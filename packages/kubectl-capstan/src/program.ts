import { Argument, Command as CommanderCommand, Option } from "commander";
import type { Command, CommandSpec, FlagSpec } from "./command.ts";
import { commands } from "./commands.ts";
import type { Terminal } from "./terminal.ts";

export interface ParsedCommand {
  readonly command: Command;
  readonly arguments: readonly string[];
  readonly options: object;
}

/**
 * Reads a command line by the table of commands. Help goes to the terminal.
 *
 * @throws {CommanderError} with exitCode 0 after help that was asked for, else after telling what is wrong
 */
export function parseCommandLine(argv: readonly string[], { out, err }: Pick<Terminal, "out" | "err">): ParsedCommand {
  let parsed: ParsedCommand | undefined;
  const program = withOutput(new CommanderCommand("kubectl capstan"), { out, err })
    .description("Certificate authorities in the cluster for AWS IAM Roles Anywhere: see, find and revoke.")
    .helpCommand(false)
    .showHelpAfterError('See "kubectl capstan --help".')
    .addHelpText("after", '\nUse "kubectl capstan COMMAND --help" for a command\'s flags and examples.');
  for (const command of commands) {
    const parser = withOutput(createParser(command), { out, err });
    parser.action(() => {
      parsed = { command, arguments: parser.args, options: parser.opts() };
    });
    program.addCommand(parser);
  }
  program.parse(withValuesOfAlone(argv), { from: "user" });
  // Without a command commander has shown the help and thrown.
  if (parsed === undefined) throw new Error("no command was parsed");
  return parsed;
}

/** commander would take the next word for the value of a flag that may stand alone. */
function withValuesOfAlone(argv: readonly string[]): readonly string[] {
  const flags = commands.find(({ name }) => name === argv[0])?.flags ?? [];
  const end = argv.indexOf("--");
  return argv.map((word, index) => {
    const flag = flags.find(({ long, alone }) => alone !== undefined && word === `--${long}`);
    return flag === undefined || (end >= 0 && index > end) ? word : `${word}=${flag.alone ?? ""}`;
  });
}

function createParser(spec: CommandSpec): CommanderCommand {
  const command = new CommanderCommand(spec.name)
    .summary(spec.summary)
    .description(spec.description)
    .showHelpAfterError(`See "kubectl capstan ${spec.name} --help".`);
  if (spec.argument !== undefined) {
    const argument = new Argument(spec.argument.notation, spec.argument.description);
    command.addArgument(spec.argument.choices === undefined ? argument : argument.choices(spec.argument.choices));
  }
  for (const flag of spec.flags) command.addOption(createOption(flag));
  if (spec.examples.length > 0) {
    command.addHelpText("after", `\nExamples:\n${spec.examples.map((example) => `  ${example}`).join("\n")}`);
  }
  return command;
}

function createOption({ long, short, value, alone, description, choices, default: fallback }: FlagSpec): Option {
  const name = `${short === undefined ? "" : `-${short}, `}--${long}`;
  const option = new Option(
    value === undefined ? name : `${name} ${alone === undefined ? `<${value}>` : `[${value}]`}`,
    description,
  );
  if (choices !== undefined) option.choices(choices);
  if (fallback !== undefined) option.default(fallback);
  return option;
}

function withOutput(command: CommanderCommand, { out, err }: Pick<Terminal, "out" | "err">): CommanderCommand {
  return command
    .exitOverride()
    .helpOption("-h, --help", "show this help")
    .configureHelp({ helpWidth: 100 })
    .configureOutput({ writeOut: out, writeErr: err, getOutHelpWidth: () => 100, getErrHelpWidth: () => 100 });
}
