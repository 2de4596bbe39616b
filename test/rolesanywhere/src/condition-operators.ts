// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html

/** Does the condition hold? `actual` is undefined when the request has no such key. Several expected values mean "any of". */
type Operator = (actual: string | undefined, expected: readonly string[]) => boolean;

const isOneOf =
  (holds: (actual: string, expected: string) => boolean): Operator =>
  (actual, expected) =>
    actual !== undefined && expected.some((value) => holds(actual, value));

// A negated operator holds when the key is absent: that is how a dropped session tag opens a role.
const isNoneOf =
  (holds: (actual: string, expected: string) => boolean): Operator =>
  (actual, expected) =>
    actual === undefined || !expected.some((value) => holds(actual, value));

const isSame = (a: string, b: string): boolean => a === b;
const isSameLetters = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
const compareTimes =
  (holds: (difference: number) => boolean) =>
  (a: string, b: string): boolean =>
    holds(Date.parse(a) - Date.parse(b));

export type OperatorName =
  | "StringEquals"
  | "StringNotEquals"
  | "StringEqualsIgnoreCase"
  | "StringNotEqualsIgnoreCase"
  | "StringLike"
  | "StringNotLike"
  | "ArnEquals"
  | "ArnLike"
  | "ArnNotEquals"
  | "ArnNotLike"
  | "Bool"
  | "DateLessThan"
  | "DateLessThanEquals"
  | "DateGreaterThan"
  | "DateGreaterThanEquals"
  | "Null";

export const OPERATORS: Readonly<Record<OperatorName, Operator>> = {
  StringEquals: isOneOf(isSame),
  StringNotEquals: isNoneOf(isSame),
  StringEqualsIgnoreCase: isOneOf(isSameLetters),
  StringNotEqualsIgnoreCase: isNoneOf(isSameLetters),
  StringLike: isOneOf(matches),
  StringNotLike: isNoneOf(matches),
  // The two of a pair behave identically, says the guide: both take wildcards in each part of an ARN.
  ArnEquals: isOneOf(matchesArn),
  ArnLike: isOneOf(matchesArn),
  ArnNotEquals: isNoneOf(matchesArn),
  ArnNotLike: isNoneOf(matchesArn),
  Bool: isOneOf(isSameLetters),
  DateLessThan: isOneOf(compareTimes((difference) => difference < 0)),
  DateLessThanEquals: isOneOf(compareTimes((difference) => difference <= 0)),
  DateGreaterThan: isOneOf(compareTimes((difference) => difference > 0)),
  DateGreaterThanEquals: isOneOf(compareTimes((difference) => difference >= 0)),
  Null: (actual, expected) => expected.includes(String(actual === undefined)),
};

/** `*` is any run of characters, `?` any one. */
export function matches(text: string, pattern: string): boolean {
  const source = pattern.replace(/[\\^$.*+?()[\]{}|]/g, (c) => (c === "*" ? ".*" : c === "?" ? "." : `\\${c}`));
  return new RegExp(`^${source}$`, "su").test(text);
}

/** Each of the six parts between colons is matched by itself; the last may contain colons. */
export function matchesArn(arn: string, pattern: string): boolean {
  const actual = splitArn(arn);
  const expected = splitArn(pattern);
  return (
    actual.length === 6 && expected.length === 6 && expected.every((part, index) => matches(actual[index] ?? "", part))
  );
}

function splitArn(arn: string): readonly string[] {
  const parts = arn.split(":");
  return parts.length < 6 ? parts : [...parts.slice(0, 5), parts.slice(5).join(":")];
}
