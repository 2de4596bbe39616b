import type { CommandSpec, FlagSpec } from "../command.ts";

/** Directives of Cobra's completion protocol, which kubectl speaks: bits of a number. */
const noSpace = 2;
const noFiles = 4;

/**
 * What kubectl shows for the words typed after "kubectl capstan", the last of which is being typed: one
 * `value<TAB>description` a line, then `:` and the directives.
 */
export function complete(table: readonly CommandSpec[], words: readonly string[]): string {
  const typed = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const command = table.find(({ name }) => name === before[0]);
  const candidates =
    command === undefined ? commandCandidates(table, before) : argumentCandidates(command, before, typed);
  const fitting = candidates.filter(([value]) => value.startsWith(typed));
  const lines = fitting.map(([value, description]) => (description === "" ? value : `${value}\t${description}`));
  const isOpen = fitting.some(([value]) => value.endsWith("/") || value.endsWith("="));
  return [...lines, `:${noFiles + (isOpen ? noSpace : 0)}`].map((line) => `${line}\n`).join("");
}

type Candidate = readonly [value: string, description: string];

function commandCandidates(table: readonly CommandSpec[], before: readonly string[]): readonly Candidate[] {
  return before.length > 0 ? [] : table.map(({ name, summary }) => [name, summary] as const);
}

function argumentCandidates(command: CommandSpec, before: readonly string[], typed: string): readonly Candidate[] {
  const open = flagWithOpenValue(command, before.at(-1) ?? "");
  if (open !== undefined) return (open.choices ?? []).map((choice) => [choice, ""] as const);
  const [, long] = /^--([^=]+)=/.exec(typed) ?? [];
  if (long !== undefined) {
    const choices = command.flags.find((flag) => flag.long === long)?.choices ?? [];
    return choices.map((choice) => [`--${long}=${choice}`, ""] as const);
  }
  if (typed.startsWith("-")) return command.flags.map(({ long, description }) => [`--${long}`, description] as const);
  const { choices = [], beginnings = [] } = command.argument ?? {};
  return [...choices, ...beginnings].map((value) => [value, ""] as const);
}

function flagWithOpenValue(command: CommandSpec, word: string): FlagSpec | undefined {
  return command.flags.find(
    ({ long, short, value, alone }) =>
      value !== undefined &&
      alone === undefined &&
      (word === `--${long}` || (short !== undefined && word === `-${short}`)),
  );
}
