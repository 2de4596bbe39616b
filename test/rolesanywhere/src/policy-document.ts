import { isRecord } from "./input.ts";

// What trust policies and identity policies have in common:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html

export interface Condition {
  /** As written, for example `StringLike`. */
  readonly operator: string;
  /** Lower case: names of condition keys are not case-sensitive. */
  readonly key: string;
  readonly values: readonly string[];
}

/** A policy that cannot be read or uses what is not emulated. `message` names the place, the rule and the cure. */
export class PolicyError extends Error {
  readonly code = "ERR_POLICY";

  constructor(message: string) {
    super(message);
    this.name = "PolicyError";
  }
}

/** The statements of a policy document, not yet read. @throws {PolicyError} */
export function readStatements(document: unknown, at: string): readonly unknown[] {
  const policy = readRecord(document, at, ["Version", "Id", "Statement"]);
  if (policy["Version"] !== "2012-10-17") throw new PolicyError(`${at}.Version: must be "2012-10-17"`);
  const statements: readonly unknown[] = Array.isArray(policy["Statement"])
    ? policy["Statement"]
    : [policy["Statement"]];
  if (statements.length === 0) throw new PolicyError(`${at}.Statement: has no statement`);
  const sids = statements.flatMap((statement) => (isRecord(statement) ? (statement["Sid"] ?? []) : []));
  if (sids.some((sid) => typeof sid !== "string" || !/^[A-Za-z0-9]*$/.test(sid))) {
    throw new PolicyError(`${at}.Statement: Statement IDs (SID) must be alpha-numeric.`);
  }
  if (new Set(sids).size < sids.length) throw new PolicyError(`${at}.Statement: Statement IDs (SID) must be unique.`);
  return statements;
}

export function readEffect(value: unknown, at: string): "Allow" | "Deny" {
  if (value !== "Allow" && value !== "Deny") throw new PolicyError(`${at}.Effect: must be "Allow" or "Deny"`);
  return value;
}

/** The Condition element; undefined has none. @throws {PolicyError} */
export function readConditions(
  value: unknown,
  at: string,
  known: { readonly operators: readonly string[]; readonly keys: RegExp },
): readonly Condition[] {
  return Object.entries(readRecord(value ?? {}, at, known.operators)).flatMap(([operator, block]) => {
    if (!isRecord(block)) throw new PolicyError(`${at}.${operator}: must be an object of condition keys`);
    return Object.entries(block).map(([key, expected]) => {
      const place = `${at}.${operator}["${key}"]`;
      if (!known.keys.test(key.toLowerCase())) {
        throw new PolicyError(`${place}: the emulator does not know this condition key`);
      }
      return { operator, key: key.toLowerCase(), values: readStrings(expected, place) };
    });
  });
}

/** An object that has no other members than these. */
export function readRecord(value: unknown, at: string, allowed: readonly string[]): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw new PolicyError(`${at}: must be an object`);
  const unknown = Object.keys(value).find((name) => !allowed.includes(name));
  if (unknown !== undefined) {
    throw new PolicyError(`${at}: the emulator does not know "${unknown}"; it knows ${allowed.join(", ")}`);
  }
  return value;
}

/** One string or several, without policy variables. */
export function readStrings(value: unknown, at: string): readonly string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const texts = values.filter((entry) => typeof entry === "string");
  if (texts.length !== values.length || texts.length === 0) {
    throw new PolicyError(`${at}: must be a string or a list of strings that is not empty`);
  }
  if (texts.some((text) => text.includes("${"))) throw new PolicyError(`${at}: policy variables are not emulated`);
  return texts;
}
