import type { NameAttribute } from "./attribute-types.ts";

/**
 * Whether two names could be taken for one: they hold the same attributes, in any order and in any grouping into RDNs,
 * with values that differ in letter case, width, spaces or string type at most. More than RFC 5280 (7.1) calls equal.
 */
export function isSameName(
  a: readonly Pick<NameAttribute, "type" | "value">[],
  b: readonly Pick<NameAttribute, "type" | "value">[],
): boolean {
  if (a.length !== b.length) return false;
  const [left, right] = [foldedAttributes(a), foldedAttributes(b)];
  return left.every((attribute, index) => attribute === right[index]);
}

function foldedAttributes(name: readonly Pick<NameAttribute, "type" | "value">[]): string[] {
  return name.map(({ type, value }) => `${type}=${foldValue(value)}`).sort();
}

function foldValue(value: string): string {
  return value.normalize("NFKC").toLowerCase().replaceAll(/\s+/g, " ").trim();
}
