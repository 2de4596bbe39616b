import { matches, matchesArn, OPERATORS, type OperatorName } from "./condition-operators.ts";
import {
  type Condition,
  PolicyError,
  readConditions,
  readEffect,
  readRecord,
  readStatements,
  readStrings,
} from "./policy-document.ts";

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

/** What a user or role may do, or what a session may at most do. */
export type IdentityPolicy = readonly Statement[];

interface Statement {
  readonly effect: "Allow" | "Deny";
  readonly actions: Patterns;
  readonly resources: Patterns;
  readonly conditions: readonly Condition[];
}

interface Patterns {
  readonly patterns: readonly string[];
  /** Of NotAction and NotResource: everything that none of the patterns matches. */
  readonly negated: boolean;
}

/** What somebody wants to do. */
export interface Access {
  /** For example `rolesanywhere:GetCrl`. */
  readonly action: string;
  /** An ARN, or `*` for what is about no one resource. */
  readonly resource: string;
  /** By condition key in lower case; several values for keys like `aws:TagKeys`. */
  readonly context: ReadonlyMap<string, string | readonly string[]>;
}

export type Verdict = "allowed" | "denied" | "not-allowed";

const KNOWN_KEYS =
  /^(aws:(requesttag|resourcetag|principaltag)\/.+|aws:(tagkeys|principalarn|principalaccount|requestedregion|securetransport|sourceidentity|userid|currenttime|tokenissuetime)|iam:(passedtoservice|awsservicename))$/;

/** Keys that have several values, so that only a set operator can look at them. */
const SET_KEYS: ReadonlySet<string> = new Set(["aws:tagkeys"]);

const SET_PREFIXES = ["ForAllValues:", "ForAnyValue:"] as const;

const KNOWN_OPERATORS: readonly string[] = Object.keys(OPERATORS).flatMap((name) => {
  const forms = name === "Null" ? [name] : [name, `${name}IfExists`];
  return [...forms, ...(name === "Null" ? [] : SET_PREFIXES.flatMap((prefix) => forms.map((form) => prefix + form)))];
});

/**
 * Reads an IAM policy document without Principal. Whatever this emulator would not evaluate exactly as IAM is refused here,
 * so that no test passes because a condition was not understood.
 *
 * @throws {PolicyError}
 */
export function parseIdentityPolicy(document: unknown, at: string): IdentityPolicy {
  return readStatements(document, at).map((statement, index) => parseStatement(statement, `${at}.Statement[${index}]`));
}

/** An explicit Deny wins over every Allow, and what nothing allows is not allowed. */
export function evaluate(policies: readonly IdentityPolicy[], access: Access): Verdict {
  const applying = policies.flat().filter((statement) => applies(statement, access));
  if (applying.some(({ effect }) => effect === "Deny")) return "denied";
  return applying.length > 0 ? "allowed" : "not-allowed";
}

function applies({ actions, resources, conditions }: Statement, { action, resource, context }: Access): boolean {
  const isAction = actions.patterns.some((pattern) => matches(action.toLowerCase(), pattern.toLowerCase()));
  const isResource = resources.patterns.some((pattern) => pattern === "*" || matchesArn(resource, pattern));
  return (
    isAction !== actions.negated &&
    isResource !== resources.negated &&
    conditions.every((condition) => holds(condition, context.get(condition.key)))
  );
}

function holds({ operator, values }: Condition, actual: string | readonly string[] | undefined): boolean {
  const prefix = SET_PREFIXES.find((each) => operator.startsWith(each));
  const plain = operator.slice(prefix?.length ?? 0).replace(/IfExists$/, "") as OperatorName;
  if (operator.endsWith("IfExists") && actual === undefined) return true;
  const test = (value: string | undefined): boolean => OPERATORS[plain](value, values);
  const list = typeof actual === "string" ? [actual] : (actual ?? []);
  if (prefix === "ForAllValues:") return list.every(test);
  if (prefix === "ForAnyValue:") return list.some(test);
  return test(list[0]);
}

function parseStatement(value: unknown, at: string): Statement {
  const statement = readRecord(value, at, [
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
  ]);
  const actions = readPatterns(statement, "Action", at);
  const odd = actions.patterns.find((pattern) => !/^(\*|[a-z0-9-]+:[a-z*?]+)$/i.test(pattern));
  if (odd !== undefined) throw new PolicyError(`${at}.Action: "${odd}" is not of the form service:Action`);
  const resources = readPatterns(statement, "Resource", at);
  const stray = resources.patterns.find((pattern) => pattern !== "*" && pattern.split(":").length < 6);
  if (stray !== undefined) throw new PolicyError(`${at}.Resource: "${stray}" is neither "*" nor an ARN of six parts`);
  const conditions = readConditions(statement["Condition"], `${at}.Condition`, {
    operators: KNOWN_OPERATORS,
    keys: KNOWN_KEYS,
  });
  const plain = conditions.find(
    ({ operator, key }) => SET_KEYS.has(key) && operator !== "Null" && !operator.startsWith("For"),
  );
  if (plain !== undefined) {
    throw new PolicyError(
      `${at}.Condition.${plain.operator}: ${plain.key} has several values; use ForAllValues: or ForAnyValue:`,
    );
  }
  return { effect: readEffect(statement["Effect"], at), actions, resources, conditions };
}

function readPatterns(statement: Readonly<Record<string, unknown>>, name: "Action" | "Resource", at: string): Patterns {
  const plain = statement[name];
  const negative = statement[`Not${name}`];
  if ((plain === undefined) === (negative === undefined)) {
    throw new PolicyError(`${at}: must have either ${name} or Not${name}`);
  }
  return { patterns: readStrings(plain ?? negative, `${at}.${name}`), negated: plain === undefined };
}
