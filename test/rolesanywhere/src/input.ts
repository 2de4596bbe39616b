import { decodeBase64 } from "./pem.ts";
import { notEmulated, serialization, validation } from "./errors.ts";

/**
 * Reads one member of a request. Violations of a constraint are collected into `faults` in the service's own words; a
 * value of the wrong JSON type ends the reading at once, as it does there.
 */
export type Field<T> = (value: unknown, at: string, faults: string[]) => T;

type Values<Fields> = { readonly [Name in keyof Fields]: Fields[Name] extends Field<infer T> ? T : never };

/** The JSON that a body is, `{}` when it is empty. @throws {ServiceError} SerializationException */
export function parseJsonBody(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return {};
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw serialization("The body is not JSON.");
  }
}

/** Reads a whole request body, throwing every violation at once. */
export function readInput<Fields extends Readonly<Record<string, Field<unknown>>>>(
  fields: Fields,
  body: unknown,
): Values<Fields> {
  const faults: string[] = [];
  const values = object(fields)(body, "", faults);
  if (faults.length > 0) {
    throw validation(
      `${faults.length} validation error${faults.length === 1 ? "" : "s"} detected: ${faults.join("; ")}`,
    );
  }
  return values;
}

/** An object of one of several kinds, each with members of its own besides `kind`; those that are left out are absent. */
export function readKind<Kind>(
  value: unknown,
  kinds: Readonly<Record<string, Kind>>,
  membersOf: (kind: Kind) => Readonly<Record<string, Field<unknown>>>,
): Readonly<Record<string, unknown>> {
  const kind = isRecord(value) ? value["kind"] : undefined;
  const found = typeof kind === "string" && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (found === undefined) throw validation(`'kind' must be one of ${Object.keys(kinds).join(", ")}`);
  return present(readInput({ kind: required(text({})), ...membersOf(found) }, value));
}

/** A JSON object with these members. Members it does not name are refused loudly. */
export function object<Fields extends Readonly<Record<string, Field<unknown>>>>(fields: Fields): Field<Values<Fields>> {
  return (value, at, faults) => {
    if (!isRecord(value)) throw serialization(`${at === "" ? "The request" : `'${at}'`} must be a JSON object.`);
    const place = (name: string): string => (at === "" ? name : `${at}.${name}`);
    const unknown = Object.keys(value).find((name) => !Object.hasOwn(fields, name));
    if (unknown !== undefined) throw notEmulated(`the member '${place(unknown)}'`);
    return Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [name, field(value[name], place(name), faults)]),
    ) as Values<Fields>;
  };
}

export function optional<T>(field: Field<T>): Field<T | undefined> {
  return (value, at, faults) => (value === undefined || value === null ? undefined : field(value, at, faults));
}

export function required<T>(field: Field<T>): Field<T> {
  return (value, at, faults) => {
    if (value !== undefined && value !== null) return field(value, at, faults);
    faults.push(constraint("null", at, "Member must not be null"));
    return undefined as T;
  };
}

export interface TextRule {
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
  readonly oneOf?: readonly string[];
}

export function text(rule: TextRule): Field<string> {
  return (value, at, faults) => {
    if (typeof value !== "string") throw serialization(`'${at}' must be a string.`);
    faults.push(...textFaults(rule, value, at));
    return value;
  };
}

export function textFaults(rule: TextRule, value: string, at: string): readonly string[] {
  const { min, max, pattern, oneOf } = rule;
  return [
    ...sizeFaults({ min, max }, value.length, (member) => constraint(`'${value}'`, at, member)),
    ...(pattern === undefined || pattern.test(value)
      ? []
      : [constraint(`'${value}'`, at, `Member must satisfy regular expression pattern: ${pattern.source}`)]),
    ...(oneOf === undefined || oneOf.includes(value)
      ? []
      : [constraint(`'${value}'`, at, `Member must satisfy enum value set: [${oneOf.join(", ")}]`)]),
  ];
}

export function wholeNumber(rule: { readonly min: number; readonly max: number }): Field<number> {
  return (value, at, faults) => {
    if (typeof value !== "number" || !Number.isInteger(value)) throw serialization(`'${at}' must be an integer.`);
    if (value > rule.max) {
      faults.push(constraint(`'${value}'`, at, `Member must have value less than or equal to ${rule.max}`));
    }
    if (value < rule.min) {
      faults.push(constraint(`'${value}'`, at, `Member must have value greater than or equal to ${rule.min}`));
    }
    return value;
  };
}

export const flag: Field<boolean> = (value, at) => {
  if (typeof value !== "boolean") throw serialization(`'${at}' must be true or false.`);
  return value;
};

/** Base64 in JSON; the limits count decoded bytes. */
export function blob(rule: { readonly min: number; readonly max: number }): Field<Uint8Array> {
  return (value, at, faults) => {
    const bytes = value === "" ? new Uint8Array() : typeof value === "string" ? decodeBase64(value) : undefined;
    if (bytes === undefined) throw serialization(`'${at}' must be base64.`);
    faults.push(...sizeFaults(rule, bytes.length, (member) => unshown(at, member)));
    return bytes;
  };
}

export function list<T>(item: Field<T>, rule: { readonly max: number }): Field<readonly T[]> {
  return (value, at, faults) => {
    if (!Array.isArray(value)) throw serialization(`'${at}' must be a list.`);
    faults.push(...sizeFaults(rule, value.length, (member) => unshown(at, member)));
    // The service counts members from 1.
    return value.map((entry: unknown, index) => required(item)(entry, `${at}.${index + 1}.member`, faults));
  };
}

/** Whatever it is. */
export const unread: Field<unknown> = (value) => value;

/** The members that are there. */
export function present<T extends object>(members: T): { readonly [Name in keyof T]?: NonNullable<T[Name]> } {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { readonly [Name in keyof T]?: NonNullable<T[Name]> };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sizeFaults(
  rule: { readonly min?: number | undefined; readonly max?: number | undefined },
  size: number,
  fault: (member: string) => string,
): readonly string[] {
  if (rule.max !== undefined && size > rule.max) {
    return [fault(`Member must have length less than or equal to ${rule.max}`)];
  }
  if (rule.min !== undefined && size < rule.min) {
    return [fault(`Member must have length greater than or equal to ${rule.min}`)];
  }
  return [];
}

function constraint(shown: string, at: string, member: string): string {
  return `Value ${shown} at '${at}' failed to satisfy constraint: ${member}`;
}

/** For values that are not repeated in the text. */
function unshown(at: string, member: string): string {
  return `Value at '${at}' failed to satisfy constraint: ${member}`;
}
