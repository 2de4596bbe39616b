import type { KubeObject, ReadonlyStore, ResourceType } from "@capstan/kube";
import type { WebhookConfiguration } from "@capstan/policy";

export type WebhookObject = WebhookConfiguration & KubeObject;

const admission = { group: "admissionregistration.k8s.io", version: "v1", namespaced: false } as const;

export const mutatingWebhookResource: ResourceType = {
  ...admission,
  plural: "mutatingwebhookconfigurations",
  kind: "MutatingWebhookConfiguration",
};

export const validatingWebhookResource: ResourceType = {
  ...admission,
  plural: "validatingwebhookconfigurations",
  kind: "ValidatingWebhookConfiguration",
};

/** Whether a configuration may be cert-manager's: it has its webhook, by the name that every release of it has. */
export function isOfCertManager({ webhooks = [] }: WebhookConfiguration): boolean {
  return webhooks.some(({ name }) => name === "webhook.cert-manager.io");
}

/** The configurations of cert-manager's webhooks, of both kinds. */
export interface Webhooks {
  list(): readonly WebhookConfiguration[];
}

export function webhooksOf(stores: readonly ReadonlyStore<WebhookObject>[]): Webhooks {
  return { list: () => stores.flatMap((store) => store.list()) };
}
