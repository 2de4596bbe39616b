import type { CommandSpec, FlagSpec } from "@capstan/kubectl-capstan";

/** docs/reference/commands.md, from the table that also parses command lines. */
export function commandsPage(commands: readonly CommandSpec[]): string {
  const list = commands.map(({ name, summary }) => `| [${name}](#${name}) | ${summary} |`);
  return `# Commands of kubectl capstan

Made from packages/kubectl-capstan/src/commands.ts; do not edit. Data goes to standard output, words to standard error. Every command
ends with 0 when it is as asked, 1 when it is not, 2 when it was called wrongly.

| command | |
| --- | --- |
${list.join("\n")}

${commands.map(section).join("\n")}`;
}

function section({ name, summary, description, argument, flags, examples }: CommandSpec): string {
  const usage = ["kubectl capstan", name, ...(argument === undefined ? [] : [argument.notation]), "[flags]"].join(" ");
  const taken = argument === undefined ? "" : `\n\`${argument.notation}\`: ${cell(argument.description)}\n`;
  const table = flags.length === 0 ? "" : `\n| flag | |\n| --- | --- |\n${flags.map(flagRow).join("\n")}\n`;
  const shown = examples.length === 0 ? "" : `\n\`\`\`sh\n# parsed\n${examples.join("\n")}\n\`\`\`\n`;
  const words = description === "" || description === summary ? "" : `\n${description}\n`;
  return `## ${name}\n\n${summary}.\n${words}\n\`${usage}\`\n${taken}${table}${shown}`;
}

function flagRow({ long, short, value, alone, description, choices, default: fallback }: FlagSpec): string {
  const valueText = value === undefined ? "" : alone === undefined ? ` ${value}` : `[=${value}]`;
  const name = `${short === undefined ? "" : `-${short}, `}--${long}${valueText}`;
  const more = [
    ...(choices === undefined ? [] : [`one of ${choices.join(", ")}`]),
    ...(fallback === undefined ? [] : [`default ${fallback}`]),
  ];
  return `| \`${name}\` | ${cell([description, ...more].join("; "))} |`;
}

/** A cell ends at a bar, and a placeholder in angle brackets would be taken for HTML. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
