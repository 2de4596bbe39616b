/**
 * A policy as IAM takes it. `Value` is what stands for an ARN that is not known yet: a plain string where all are known.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
 */
export interface PolicyDocument<Value = string> {
  readonly Version: "2012-10-17";
  readonly Statement: readonly PolicyStatement<Value>[];
}

export interface PolicyStatement<Value = string> {
  readonly Sid?: string;
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: { readonly Service: string };
  readonly Action: readonly string[];
  readonly Resource?: readonly (Value | string)[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, Value | string | readonly string[]>>>>;
}

/**
 * Whether two policies say the same to IAM, as far as can be told without evaluating them: order of members and of list
 * entries, and one string or a list of one, do not count.
 *
 * @example
 * isSamePolicy({ Action: "a:B" }, { Action: ["a:B"] }); // true
 */
export function isSamePolicy(left: unknown, right: unknown): boolean {
  return JSON.stringify(normalizedPolicy(left)) === JSON.stringify(normalizedPolicy(right));
}

/** A policy in the one form that {@link isSamePolicy} compares. */
export function normalizedPolicy(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(normalizedPolicy);
    return items.length === 1 ? items[0] : items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, normalizedPolicy(member)]),
  );
}
