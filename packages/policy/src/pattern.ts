/** A pattern of an issuer's policy, ready for matching. Made by parsePattern alone. */
export interface Pattern {
  readonly text: string;
  /** The text between dots and slashes. */
  readonly labels: readonly LabelPattern[];
  /** The dots and slashes between them: one fewer than the labels. */
  readonly separators: readonly string[];
}

interface LabelPattern {
  /** What stands before the *, or the whole label where there is none. */
  readonly prefix: string;
  /** What stands after the *; undefined where there is none. */
  readonly suffix: string | undefined;
}

/** Why a pattern is no pattern, and what to write instead. */
export interface PatternFault {
  readonly rule: string;
  readonly cure: string;
}

export type ParsedPattern =
  | { readonly ok: true; readonly pattern: Pattern }
  | { readonly ok: false; readonly fault: PatternFault };

const namespacePlaceholder = "{namespace}";
const separator = /[./]/;
const eachSeparator = /[./]/g;
const placeholder = /\{[^{}]*\}|[{}]/g;

/**
 * Reads a pattern. `*` is one or more characters of one label (no dot, no slash), at most once in a label;
 * `{namespace}` is the request's namespace; everything else stands for itself, case and all.
 *
 * @example parsePattern("*.{namespace}.svc")
 */
export function parsePattern(text: string): ParsedPattern {
  for (const [found] of text.matchAll(placeholder)) {
    if (found === namespacePlaceholder) continue;
    return fault(
      found.length > 1 ? `the placeholder ${found} is unknown` : `${found} stands alone`,
      "the only placeholder is {namespace}",
    );
  }
  const labels: LabelPattern[] = [];
  for (const label of text.split(separator)) {
    const [prefix = "", suffix, ...more] = label.split("*");
    if (more.length > 0) {
      return fault(
        `the label ${JSON.stringify(label)} has more than one *`,
        "write one * for each label: *.* is two labels of any text",
      );
    }
    // "*-{namespace}" would let namespace b have x-a-b, which is also namespace a-b's.
    if (suffix !== undefined && label.includes(namespacePlaceholder)) {
      return fault(
        `the label ${JSON.stringify(label)} mixes * with {namespace}, so that two namespaces could have the same name`,
        "give {namespace} a label without a *, as in *.{namespace}",
      );
    }
    labels.push({ prefix, suffix });
  }
  return { ok: true, pattern: { text, labels, separators: text.match(eachSeparator) ?? [] } };
}

function fault(rule: string, cure: string): ParsedPattern {
  return { ok: false, fault: { rule, cure } };
}

/**
 * Whether the pattern matches the whole value for a request from this namespace. Takes time linear in the lengths of
 * both: the value is cut once, and each label is compared at its two ends, so there is nothing to try again.
 */
export function matchesPattern(
  pattern: Pattern,
  options: { readonly namespace: string; readonly value: string },
): boolean {
  const { namespace, value } = options;
  const values = value.split(separator);
  const separators = value.match(eachSeparator) ?? [];
  return (
    values.length === pattern.labels.length &&
    separators.every((found, index) => found === pattern.separators[index]) &&
    pattern.labels.every((label, index) => matchesLabel(label, namespace, values[index] ?? ""))
  );
}

function matchesLabel({ prefix, suffix }: LabelPattern, namespace: string, value: string): boolean {
  // A label with a * holds no {namespace}. A namespace is a DNS label; one with a dot would match nothing.
  if (suffix === undefined) return value === prefix.replaceAll(namespacePlaceholder, () => namespace);
  return value.length > prefix.length + suffix.length && value.startsWith(prefix) && value.endsWith(suffix);
}

/** A shortest value that the pattern matches, where every * and {namespace} is "a". */
export function exampleOf(pattern: Pattern): string {
  return pattern.text.replaceAll("*", "a").replaceAll(namespacePlaceholder, "a");
}
