import type { Pattern } from "./pattern.ts";

type Label = Pattern["labels"][number];

/**
 * Whether two patterns could give one name to two namespaces, though each alone keeps namespaces apart: `*.{namespace}` and
 * `{namespace}.*` both match a.b, for b and for a. Errs on the side of yes. Patterns without `{namespace}` give their names to
 * every namespace anyhow, and whoever wrote them meant it.
 *
 * @example
 * mayShareNames(parse("*.{namespace}"), parse("{namespace}.*")) // true
 */
export function mayShareNames(one: Pattern, other: Pattern): boolean {
  if (!isAboutNamespace(one) || !isAboutNamespace(other)) return false;
  if (one.separators.join("") !== other.separators.join("")) return false;
  return one.labels.every((label, index) => {
    const opposite = other.labels[index];
    return opposite !== undefined && mayMeet(label, opposite);
  });
}

function isAboutNamespace({ labels }: Pattern): boolean {
  return labels.some(({ placeholder }) => placeholder === "namespace");
}

/** Whether some text fits both labels, for two different namespaces. */
function mayMeet(one: Label, other: Label): boolean {
  // The same text around the same placeholder is the same namespace.
  if (one.placeholder === "namespace" && other.placeholder === "namespace" && one.prefix === other.prefix) return false;
  const [a, b] = [endsOf(one), endsOf(other)];
  if (a.whole && b.whole) return a.prefix === b.prefix;
  const starts = a.prefix.startsWith(b.prefix) || b.prefix.startsWith(a.prefix);
  const ends = a.suffix.endsWith(b.suffix) || b.suffix.endsWith(a.suffix);
  // A whole text must also be longer than what stands around the other's open middle.
  const fits = (whole: typeof a, open: typeof a): boolean =>
    !whole.whole || whole.prefix.length > open.prefix.length + open.suffix.length;
  return starts && ends && fits(a, b) && fits(b, a);
}

/** What a text that fits the label begins and ends with. */
function endsOf({ prefix, suffix, placeholder }: Label): {
  readonly prefix: string;
  readonly suffix: string;
  readonly whole: boolean;
} {
  if (suffix !== undefined) return { prefix, suffix, whole: false };
  if (placeholder === undefined) return { prefix, suffix: prefix, whole: true };
  const parts = prefix.split(`{${placeholder}}`);
  return { prefix: parts[0] ?? "", suffix: parts.at(-1) ?? "", whole: false };
}
