// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html

/** Does the condition hold? `actual` is undefined when the request has no such key. Several expected values mean "any of". */
type Operator = (actual: string | undefined, expected: readonly string[]) => boolean;

const arnMatches: Operator = (actual, expected) =>
  actual !== undefined && expected.some((pattern) => matchesArn(actual, pattern));

export type OperatorName = "StringEquals" | "StringNotEquals" | "StringLike" | "ArnEquals" | "ArnLike";

export const OPERATORS: Readonly<Record<OperatorName, Operator>> = {
  StringEquals: (actual, expected) => actual !== undefined && expected.includes(actual),
  // A negated operator holds when the key is absent: that is how a dropped session tag opens a role.
  StringNotEquals: (actual, expected) => actual === undefined || !expected.includes(actual),
  StringLike: (actual, expected) => actual !== undefined && expected.some((pattern) => matches(actual, pattern)),
  // The two behave identically, says the guide: both take wildcards in each part of an ARN.
  ArnEquals: arnMatches,
  ArnLike: arnMatches,
};

/** `*` is any run of characters, `?` any one. */
function matches(text: string, pattern: string): boolean {
  const source = pattern.replace(/[\\^$.*+?()[\]{}|]/g, (c) => (c === "*" ? ".*" : c === "?" ? "." : `\\${c}`));
  return new RegExp(`^${source}$`, "su").test(text);
}

/** Each of the six parts between colons is matched by itself; the last may contain colons. */
function matchesArn(arn: string, pattern: string): boolean {
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
