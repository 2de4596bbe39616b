import type { WebhookConfiguration } from "@capstan/policy";

type Webhook = NonNullable<WebhookConfiguration["webhooks"]>[number];

/** As cert-manager's chart (v1.21) installs them. */
export function chartWebhooks(
  change: { readonly mutating?: Partial<Webhook>; readonly validating?: Partial<Webhook> } = {},
): readonly WebhookConfiguration[] {
  const base = { name: "webhook.cert-manager.io", failurePolicy: "Fail", objectSelector: {} };
  return [
    {
      kind: "MutatingWebhookConfiguration",
      metadata: { name: "cert-manager-webhook" },
      webhooks: [
        {
          ...base,
          namespaceSelector: {},
          rules: [
            {
              apiGroups: ["cert-manager.io"],
              apiVersions: ["v1"],
              operations: ["CREATE"],
              resources: ["certificaterequests"],
              scope: "*",
            },
          ],
          ...change.mutating,
        },
      ],
    },
    {
      kind: "ValidatingWebhookConfiguration",
      metadata: { name: "cert-manager-webhook" },
      webhooks: [
        {
          ...base,
          namespaceSelector: {
            matchExpressions: [{ key: "cert-manager.io/disable-validation", operator: "NotIn", values: ["true"] }],
          },
          rules: [
            {
              apiGroups: ["cert-manager.io", "acme.cert-manager.io"],
              apiVersions: ["v1"],
              operations: ["CREATE", "UPDATE"],
              resources: ["*/*"],
            },
          ],
          ...change.validating,
        },
      ],
    },
  ];
}
