import { parseArgs } from "node:util";

/** One setting of a program: a flag, the environment variable that stands in for it, and how its text is read. */
export interface Setting<T> {
  /** Without the dashes: "health-address". */
  readonly flag: string;
  readonly environment?: string;
  /** Read like a given value. Left out: the setting may be missing, and `parse` sees undefined. */
  readonly default?: string;
  readonly description: string;
  /** Throws an Error whose message says what is wrong and what to give instead. */
  readonly parse: (text: string | undefined) => T;
}

export type SettingsTable = Readonly<Record<string, Setting<unknown>>>;

export type SettingsOf<S extends SettingsTable> = { readonly [K in keyof S]: ReturnType<S[K]["parse"]> };

/** The command line or environment does not fit the table; the message names every fault, one a line. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly code = "ERR_SETTINGS";
}

/**
 * Reads a program's settings: a flag wins over its environment variable, that over the default.
 *
 * @throws {SettingsError} for unknown flags, arguments that are no flags, and values that cannot be read
 */
export function readSettings<S extends SettingsTable>(
  table: S,
  input: { readonly argv: readonly string[]; readonly environment: Readonly<Record<string, string | undefined>> },
): SettingsOf<S> {
  const faults: string[] = [];
  const options = Object.fromEntries(Object.values(table).map(({ flag }) => [flag, { type: "string" as const }]));
  const { tokens } = parseArgs({ args: [...input.argv], options, strict: false, tokens: true });
  const given = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind === "positional") faults.push(`${token.value}: not a flag; settings are given as --name=value`);
    if (token.kind !== "option") continue;
    if (!(token.name in options))
      faults.push(
        `${token.rawName}: unknown flag; known are ${Object.keys(options)
          .map((flag) => `--${flag}`)
          .join(", ")}`,
      );
    else if (token.value === undefined) faults.push(`${token.rawName}: a value is missing`);
    else if (given.has(token.name)) faults.push(`${token.rawName}: given twice`);
    else given.set(token.name, token.value);
  }
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(table)) {
    const { flag, environment } = setting;
    const fromEnvironment = environment === undefined ? undefined : input.environment[environment];
    try {
      values[name] = setting.parse(
        given.get(flag) ?? (fromEnvironment === "" ? undefined : fromEnvironment) ?? setting.default,
      );
    } catch (error) {
      const source = given.has(flag) || fromEnvironment === undefined ? `--${flag}` : (environment ?? flag);
      faults.push(`${source}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (faults.length > 0) throw new SettingsError(faults.join("\n"));
  return values as SettingsOf<S>;
}

/** The table as text for --help. */
export function describeSettings(table: SettingsTable): string {
  return Object.values(table)
    .map(({ flag, environment, default: fallback, description }) => {
      const notes = [
        ...(environment === undefined ? [] : [`environment ${environment}`]),
        ...(fallback === undefined ? [] : [`default ${fallback}`]),
      ];
      return `  --${flag}\n      ${description}${notes.length === 0 ? "" : ` (${notes.join(", ")})`}\n`;
    })
    .join("");
}

/** Any text, or nothing. */
export function optionalText(text: string | undefined): string | undefined {
  return text;
}

/** Text that must be there. */
export function requiredText(text: string | undefined): string {
  if (text === undefined || text === "") throw new Error("must be given");
  return text;
}

/** `host:port`; an empty host means every interface, port 0 any free one. */
export function address(text: string | undefined): { readonly host: string; readonly port: number } {
  const match = /^(?<host>\[[0-9a-fA-F:.]+\]|[^:]*):(?<port>\d{1,5})$/.exec(text ?? "");
  const port = Number(match?.groups?.["port"]);
  if (match === null || port > 65_535)
    throw new Error(`${JSON.stringify(text ?? "")} is not host:port, like :8080 or 127.0.0.1:8080`);
  return { host: (match.groups?.["host"] ?? "").replaceAll(/[[\]]/g, ""), port };
}

/** One of the values. */
export function oneOf<const T extends string>(...values: readonly T[]): (text: string | undefined) => T {
  return (text) => {
    const found = values.find((value) => value === text);
    if (found === undefined) throw new Error(`${JSON.stringify(text ?? "")} is none of ${values.join(", ")}`);
    return found;
  };
}
