/** A pattern of an issuer's policy, ready for matching. Made by parsePattern alone. */
export interface Pattern {
  readonly text: string;
  /** The text between separators. */
  readonly labels: readonly LabelPattern[];
  /** The separators between them: one fewer than the labels. */
  readonly separators: readonly string[];
}

interface LabelPattern {
  /** What stands before the *, or the whole label where there is none. */
  readonly prefix: string;
  /** What stands after the *; undefined where there is none. */
  readonly suffix: string | undefined;
  /** The only placeholder that the label holds, once or more. */
  readonly placeholder: Placeholder | undefined;
}

/** Why a pattern is no pattern, and what to write instead. */
export interface PatternFault {
  readonly rule: string;
  readonly cure: string;
}

export type ParsedPattern =
  | { readonly ok: true; readonly pattern: Pattern }
  | { readonly ok: false; readonly fault: PatternFault };

/** What the platform attests about a requester, and patterns may speak of. */
export const placeholders = ["namespace", "serviceAccount", "podName"] as const;
export type Placeholder = (typeof placeholders)[number];

/** What the placeholders stand for in one request; one without a value matches nothing. */
export type PlaceholderValues = { readonly [name in Placeholder]?: string | undefined };

// What ends a label: in DNS names, paths, ports and users. An attested name holds none of them but dots, and one with a
// dot matches nothing.
const separator = /[./:@]/;
const eachSeparator = /[./:@]/g;
const eachPlaceholder = /\{[^{}]*\}|[{}]/g;

/**
 * Reads a pattern. `*` is one or more characters of one label (the text between dots, slashes, colons and @), at most once
 * in a label; a placeholder is what the platform attests about the requester; everything else stands for itself, case and
 * all.
 *
 * @example parsePattern("*.{namespace}.svc")
 */
export function parsePattern(text: string): ParsedPattern {
  const used = new Set<Placeholder>();
  for (const [found] of text.matchAll(eachPlaceholder)) {
    const name = placeholders.find((name) => found === `{${name}}`);
    if (name === undefined) {
      const list = placeholders.map((name) => `{${name}}`).join(", ");
      return fault(
        found.length > 1 ? `the placeholder ${found} is unknown` : `${found} stands alone`,
        `the only placeholders are ${list}`,
      );
    }
    used.add(name);
  }
  const labels: LabelPattern[] = [];
  for (const label of text.split(separator)) {
    const parsed = parseLabel(label);
    if ("rule" in parsed) return { ok: false, fault: parsed };
    labels.push(parsed);
  }
  const [alone] = [...used].filter((name) => name !== "namespace");
  if (alone !== undefined && !used.has("namespace")) {
    return fault(
      `{${alone}} stands without {namespace}, so that two namespaces could have the same name`,
      `add {namespace}, as in {${alone}}.{namespace}`,
    );
  }
  return { ok: true, pattern: { text, labels, separators: text.match(eachSeparator) ?? [] } };
}

function parseLabel(label: string): LabelPattern | PatternFault {
  const [prefix = "", suffix, ...more] = label.split("*");
  const shown = `the label ${JSON.stringify(label)}`;
  if (more.length > 0) {
    return { rule: `${shown} has more than one *`, cure: "write one * for each label: *.* is two labels of any text" };
  }
  const [placeholder, other] = placeholders.filter((name) => label.includes(`{${name}}`));
  // "*-{namespace}" would let namespace b have x-a-b, which is also namespace a-b's; so would two placeholders.
  const mixed = suffix === undefined ? other : placeholder;
  if (placeholder !== undefined && mixed !== undefined) {
    return {
      rule: `${shown} mixes ${suffix === undefined ? `{${placeholder}}` : "*"} with {${mixed}}, so that two ${nounOf(mixed)} could have the same name`,
      cure: `give {${mixed}} a label of its own, as in ${suffix === undefined ? `{${placeholder}}` : "*"}.{${mixed}}`,
    };
  }
  return { prefix, suffix, placeholder };
}

function nounOf(placeholder: Placeholder): string {
  return { namespace: "namespaces", serviceAccount: "service accounts", podName: "pods" }[placeholder];
}

function fault(rule: string, cure: string): ParsedPattern {
  return { ok: false, fault: { rule, cure } };
}

/**
 * Whether the pattern matches the whole value for a requester of whom this is attested. Takes time linear in the lengths
 * of both: the value is cut once, no further than the pattern has labels, and each label is compared at its two ends, so
 * there is nothing to try again.
 */
export function matchesPattern(
  { labels, separators }: Pattern,
  options: PlaceholderValues & { readonly value: string },
): boolean {
  const { value } = options;
  const values = value.split(separator, labels.length + 1);
  if (values.length !== labels.length) return false;
  let end = -1;
  return labels.every((label, index) => {
    const found = values[index] ?? "";
    const isSeparated = index === 0 || value[end] === separators[index - 1];
    end += found.length + 1;
    return isSeparated && matchesLabel(label, options, found);
  });
}

function matchesLabel({ prefix, suffix, placeholder }: LabelPattern, known: PlaceholderValues, value: string): boolean {
  if (suffix !== undefined) {
    return value.length > prefix.length + suffix.length && value.startsWith(prefix) && value.endsWith(suffix);
  }
  if (placeholder === undefined) return value === prefix;
  const attested = known[placeholder];
  return attested !== undefined && value === prefix.replaceAll(`{${placeholder}}`, () => attested);
}

/** A shortest value that the pattern matches, where every * and placeholder is "a". */
export function exampleOf(pattern: Pattern): string {
  return pattern.text.replaceAll("*", "a").replaceAll(eachPlaceholder, "a");
}
