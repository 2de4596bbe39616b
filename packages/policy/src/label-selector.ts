import type { CertificateAuthority } from "@capstan/api";

/** A metav1.LabelSelector. */
export type LabelSelector = CertificateAuthority["spec"]["issuance"]["namespaces"];
type Requirement = NonNullable<LabelSelector["matchExpressions"]>[number];

/** One entry per operator: when it holds for a label's value (undefined: no such label), and whether it takes values. */
const operators: Readonly<
  Record<
    Requirement["operator"],
    { readonly takesValues: boolean; readonly holds: (value: string | undefined, values: readonly string[]) => boolean }
  >
> = {
  In: { takesValues: true, holds: (value, values) => value !== undefined && values.includes(value) },
  // As in Kubernetes: an object without the label is not in any list.
  NotIn: { takesValues: true, holds: (value, values) => value === undefined || !values.includes(value) },
  Exists: { takesValues: false, holds: (value) => value !== undefined },
  DoesNotExist: { takesValues: false, holds: (value) => value === undefined },
};

/**
 * Whether the labels satisfy every part of the selector. An empty selector selects everything, one that Kubernetes would
 * call invalid selects nothing.
 */
export function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const label = (key: string): string | undefined => (Object.hasOwn(labels, key) ? labels[key] : undefined);
  return (
    selectorFaults(selector).length === 0 &&
    Object.entries(selector.matchLabels ?? {}).every(([key, value]) => label(key) === value) &&
    (selector.matchExpressions ?? []).every(({ key, operator, values }) =>
      operators[operator].holds(label(key), values ?? []),
    )
  );
}

/** What Kubernetes would refuse in the selector, as text that begins with the field inside it. */
export function selectorFaults(selector: LabelSelector): readonly string[] {
  return (selector.matchExpressions ?? []).flatMap(({ operator, values }, index) => {
    const field = `matchExpressions[${index}]`;
    if (!Object.hasOwn(operators, operator)) return [`${field}.operator: ${JSON.stringify(operator)} is unknown`];
    const hasValues = (values ?? []).length > 0;
    if (operators[operator].takesValues === hasValues) return [];
    return [`${field}.values: ${operator} takes ${hasValues ? "no values" : "at least one value"}`];
  });
}

/**
 * The selector as `kubectl get --selector` takes it.
 *
 * @example formatSelector({ matchLabels: { aws: "allowed" } }) // "aws=allowed"
 */
export function formatSelector(selector: LabelSelector): string {
  const parts = [
    ...Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`),
    ...(selector.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
      if (operator === "Exists") return key;
      if (operator === "DoesNotExist") return `!${key}`;
      return `${key} ${operator === "In" ? "in" : "notin"} (${values.join(",")})`;
    }),
  ];
  return parts.join(",");
}
