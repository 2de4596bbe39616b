import { formatSelector, selects, type LabelSelector } from "./label-selector.ts";

/** What counts here of a MutatingWebhookConfiguration or ValidatingWebhookConfiguration (admissionregistration.k8s.io/v1). */
export interface WebhookConfiguration {
  readonly kind: "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration";
  readonly metadata: { readonly name: string };
  readonly webhooks?: readonly Webhook[] | undefined;
}

interface Webhook {
  readonly name: string;
  readonly failurePolicy?: string | undefined;
  readonly namespaceSelector?: LabelSelector | undefined;
  readonly objectSelector?: LabelSelector | undefined;
  readonly matchConditions?: readonly unknown[] | undefined;
  readonly rules?: readonly Rule[] | undefined;
}

interface Rule {
  readonly apiGroups?: readonly string[] | undefined;
  readonly apiVersions?: readonly string[] | undefined;
  readonly operations?: readonly string[] | undefined;
  readonly resources?: readonly string[] | undefined;
  readonly scope?: string | undefined;
}

/** cert-manager's webhook has this name in both configurations, whatever its release is called. */
const webhookName = "webhook.cert-manager.io";

/**
 * What each configuration must show to the webhook: the mutating one writes the requester into spec.username, and the
 * validating one holds it and the approval fast.
 */
const needed = {
  MutatingWebhookConfiguration: [{ operation: "CREATE", resource: "certificaterequests" }],
  ValidatingWebhookConfiguration: [
    { operation: "CREATE", resource: "certificaterequests" },
    { operation: "UPDATE", resource: "certificaterequests" },
    { operation: "UPDATE", resource: "certificaterequests/status" },
  ],
} as const;

const kinds = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"] as const;

/**
 * Why cert-manager's webhooks cannot be relied on in any namespace, one sentence each: without them whoever creates a
 * CertificateRequest chooses its spec.username, and whoever may write its status approves it. An empty list means that
 * both are in place.
 *
 * @example
 * webhookFaults([]); // ["no MutatingWebhookConfiguration has a webhook webhook.cert-manager.io: install cert-manager's", …]
 */
export function webhookFaults(configurations: readonly WebhookConfiguration[]): readonly string[] {
  return kinds.flatMap((kind) => {
    const found = webhooksOf(configurations, kind);
    if (found.length === 0) return [`no ${kind} has a webhook ${webhookName}: install cert-manager's`];
    // One that is in order is enough: a second one takes nothing from it.
    const faults = found.map(({ name, webhook }) => faultsOf(kind, webhook).map((fault) => `${kind} ${name} ${fault}`));
    return faults.some((list) => list.length === 0) ? [] : (faults[0] ?? []);
  });
}

/**
 * Which of the two kinds of configuration leave out a namespace with these labels, each with the selector that does; an
 * empty list means that the webhooks see every request there. By the labels as they are now: when the request was made,
 * they may have been others.
 *
 * @example
 * webhooksThatSkip(configurations, { "cert-manager.io/disable-validation": "true" });
 * // ["ValidatingWebhookConfiguration cert-manager-webhook: cert-manager.io/disable-validation notin (true)"]
 */
export function webhooksThatSkip(
  configurations: readonly WebhookConfiguration[],
  namespaceLabels: Readonly<Record<string, string>>,
): readonly string[] {
  return kinds.flatMap((kind) => {
    const found = webhooksOf(configurations, kind).filter(({ webhook }) => faultsOf(kind, webhook).length === 0);
    if (found.some(({ webhook }) => selects(webhook.namespaceSelector ?? {}, namespaceLabels))) return [];
    const [first] = found;
    const selector = first?.webhook.namespaceSelector;
    return [
      first === undefined || selector === undefined
        ? `${kind}: missing or not in order`
        : `${kind} ${first.name}: ${formatSelector(selector)}`,
    ];
  });
}

function webhooksOf(
  configurations: readonly WebhookConfiguration[],
  kind: WebhookConfiguration["kind"],
): readonly { readonly name: string; readonly webhook: Webhook }[] {
  return configurations
    .filter((configuration) => configuration.kind === kind)
    .flatMap(({ metadata, webhooks = [] }) =>
      webhooks.filter(({ name }) => name === webhookName).map((webhook) => ({ name: metadata.name, webhook })),
    );
}

function faultsOf(kind: WebhookConfiguration["kind"], webhook: Webhook): readonly string[] {
  const isSet = (selector: LabelSelector | undefined): boolean =>
    Object.keys(selector?.matchLabels ?? {}).length > 0 || (selector?.matchExpressions ?? []).length > 0;
  return [
    // Absent means Fail in admissionregistration.k8s.io/v1.
    ...((webhook.failurePolicy ?? "Fail") === "Fail"
      ? []
      : ["lets requests pass when the webhook does not answer: set failurePolicy Fail"]),
    // Both can be met by whoever makes the request.
    ...(isSet(webhook.objectSelector) ? ["has an objectSelector, by which requests can pass it"] : []),
    ...((webhook.matchConditions ?? []).length > 0 ? ["has matchConditions, by which requests can pass it"] : []),
    ...needed[kind]
      .filter((one) => !(webhook.rules ?? []).some((rule) => covers(rule, one)))
      .map(({ operation, resource }) => `has no rule for ${operation} of ${resource}`),
  ];
}

function covers(
  { apiGroups = [], apiVersions = [], operations = [], resources = [], scope = "*" }: Rule,
  { operation, resource }: { readonly operation: string; readonly resource: string },
): boolean {
  const has = (list: readonly string[], ...any: readonly string[]): boolean =>
    any.some((one) => list.includes(one)) || list.includes("*");
  const [name = "", subresource] = resource.split("/");
  return (
    has(apiGroups, "cert-manager.io") &&
    has(apiVersions, "v1") &&
    has(operations, operation) &&
    (scope === "*" || scope === "Namespaced") &&
    // "*" is every resource but no subresource; "*/*" is both.
    (resources.some((one) => one === resource || one === "*/*") ||
      (subresource === undefined
        ? resources.includes("*")
        : resources.includes(`${name}/*`) || resources.includes(`*/${subresource}`)))
  );
}
