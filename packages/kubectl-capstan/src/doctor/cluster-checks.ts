import { apiGroup } from "@capstan/api";
import { KubeApiError, KubeConnectionError, type KubeObject } from "@capstan/kube";
import { selects, type WebhookConfiguration, webhookFaults, webhooksThatSkip } from "@capstan/policy";
import type { Check, Finding } from "./check.ts";
import { approverRightMissing } from "./approver.ts";
import { crdFields } from "./crd-check.ts";
import { csiDriver } from "./csi-driver-check.ts";
import { chartsOfJetstack, releaseOf, upgradeInPlace } from "./installation.ts";
import { mutatingWebhookResource, namespaceResource, validatingWebhookResource } from "./resources.ts";
import { ourRequests } from "./requests.ts";
import { asUnreadable } from "./unreadable.ts";
import type { World } from "./world.ts";

/** More than what AWS and certificates forgive together is minutes; a minute tells a broken clock from a slow answer. */
const maxSkewMs = 60_000;

/** Every kind that Capstan serves, by its plural. */
const ownPlurals = [
  "authorityoperations",
  "capstanclusterissuers",
  "capstanissuers",
  "certificateauthorities",
  "generationmarks",
  "issuedcertificates",
  "revocationlists",
  "revocations",
] as const;

interface ResourceList {
  readonly resources?: readonly { readonly name: string }[];
}

/** Whether the cluster has what Capstan stands on. */
export const clusterChecks: readonly Check[] = [
  {
    id: "capstan-crds",
    group: "Cluster",
    title: "the API server serves Capstan's kinds",
    reads: `discovery of ${apiGroup}/v1alpha1`,
    run: async (world) => {
      const served = new Set(
        (await world.read<ResourceList>(`/apis/${apiGroup}/v1alpha1`))?.resources?.map(({ name }) => name),
      );
      const missing = ownPlurals.filter((plural) => !served.has(plural));
      if (missing.length === 0) return [];
      return [
        {
          id: "capstan-crds-missing",
          subject: `apigroup/${apiGroup}`,
          cause: `the API server does not serve ${missing.map((plural) => `${plural}.${apiGroup}`).join(", ")} in version v1alpha1`,
          cure: "kubectl apply --server-side -k packages/api/crds",
        },
      ];
    },
  },
  crdFields,
  {
    id: "api-clock",
    group: "Cluster",
    title: "this computer's clock and the API server's agree",
    reads: "the Date header of the API server's answers",
    run: async (world) => {
      await world.read("/version");
      const skewMs = world.ownNow() - world.now();
      if (Math.abs(skewMs) <= maxSkewMs) return [];
      const seconds = Math.round(Math.abs(skewMs) / 1000);
      return [
        {
          id: "clock-skew-api-server",
          subject: "this computer",
          cause: `this computer's clock is ${seconds} s ${skewMs > 0 ? "ahead of" : "behind"} the API server's`,
          cure: "synchronize both by NTP: timedatectl set-ntp true",
        },
      ];
    },
  },
  {
    id: "cert-manager",
    group: "Cluster",
    title: "cert-manager is installed",
    reads: "discovery of cert-manager.io/v1",
    run: async (world) => {
      const served = await world.read<ResourceList>("/apis/cert-manager.io/v1");
      if (served?.resources?.some(({ name }) => name === "certificaterequests") === true) return [];
      return [
        {
          id: "cert-manager-missing",
          subject: "apigroup/cert-manager.io",
          cause: "the API server does not serve certificaterequests.cert-manager.io in version v1",
          cure: `helm install cert-manager ${chartsOfJetstack}/cert-manager --namespace cert-manager --create-namespace --set crds.enabled=true`,
        },
      ];
    },
  },
  {
    id: "cert-manager-webhooks",
    group: "Cluster",
    title: "cert-manager's webhooks attest who makes a request",
    reads: "list mutating- and validatingwebhookconfigurations",
    needs: ["cert-manager"],
    run: async (world) => {
      const webhooks = await webhooksOf(world);
      return webhookFaults(webhooks).map((fault): Finding => ({
        id: "cert-manager-webhook-fault",
        subject: "webhook.cert-manager.io",
        cause: fault,
        cure: webhookCure(webhooks),
      }));
    },
  },
  {
    id: "cert-manager-webhook-answers",
    group: "Cluster",
    title: "cert-manager's webhook answers",
    reads: "create certificaterequests, as a dry run that the webhook must refuse",
    needs: ["cert-manager"],
    after: ["cert-manager-webhooks"],
    run: async (world) => {
      const fault = await webhookFailure(world);
      if (fault === undefined) return [];
      return [
        {
          id: "cert-manager-webhook-unreachable",
          subject: "webhook.cert-manager.io",
          cause: fault,
          cure: "kubectl get deployment,endpointslices,networkpolicies -n cert-manager; start the webhook, and let the API server reach its port",
        },
      ];
    },
  },
  {
    id: "namespaces-seen",
    group: "Cluster",
    title: "cert-manager's webhooks see every namespace that is issued to",
    reads: "list namespaces, webhook configurations and certificateauthorities",
    needs: ["cert-manager", "cert-manager-webhooks", "capstan-crds"],
    run: async (world) => {
      const [webhooks, namespaces, authorities, requests] = await Promise.all([
        webhooksOf(world),
        world.list(namespaceResource),
        world.authorities(),
        ourRequests(world),
      ]);
      const asking = new Set(requests.map(({ metadata }) => metadata.namespace));
      return namespaces.flatMap(({ metadata: { name, labels = {} } }): readonly Finding[] => {
        const authority = authorities.find(({ spec: { issuance } }) =>
          // A selector of everything means everything that asks: not kube-system.
          Object.keys(issuance.namespaces).length === 0 ? asking.has(name) : selects(issuance.namespaces, labels),
        );
        const skipping = authority === undefined ? [] : webhooksThatSkip(webhooks, labels);
        if (authority === undefined || skipping.length === 0) return [];
        return [
          {
            id: "namespace-hidden-from-webhooks",
            subject: `namespace/${name}`,
            authority: authority.metadata.name,
            cause: `CertificateAuthority ${authority.metadata.name} issues to namespace ${name}, which does not match ${skipping.join("; ")}`,
            cure: `kubectl label namespace ${name} cert-manager.io/disable-validation-`,
          },
        ];
      });
    },
  },
  {
    id: "approver-right",
    group: "Cluster",
    title: "somebody may approve requests for Capstan's issuers",
    reads: "create subjectaccessreviews, list pods in Capstan's namespace",
    needs: ["cert-manager", "capstan-crds"],
    run: approverRightMissing,
  },
  csiDriver,
];

/** Puts back the webhook configurations of the version that is installed, which what is left of them names. */
function webhookCure(configurations: readonly (WebhookConfiguration & KubeObject)[]): string {
  const left = configurations.find(({ webhooks }) => webhooks?.some(({ name }) => name === "webhook.cert-manager.io"));
  const version = left?.metadata.labels?.["app.kubernetes.io/version"];
  if (left !== undefined && version !== undefined && releaseOf(left) === undefined) {
    return `apply the webhook configurations of cert-manager ${version} as they were installed, and nothing else`;
  }
  return upgradeInPlace(left, "cert-manager");
}

async function webhooksOf(world: World): Promise<readonly (WebhookConfiguration & KubeObject)[]> {
  const lists = await Promise.all(
    [mutatingWebhookResource, validatingWebhookResource].map((resource) =>
      world.list<WebhookConfiguration & KubeObject>(resource),
    ),
  );
  return lists.flat();
}

/** Sends a request that no webhook of cert-manager's lets pass: its refusal shows that it answers. */
async function webhookFailure(world: World): Promise<string | undefined> {
  try {
    await world.client.request({
      method: "POST",
      path: "/apis/cert-manager.io/v1/namespaces/default/certificaterequests",
      query: { dryRun: "All" },
      body: {
        apiVersion: "cert-manager.io/v1",
        kind: "CertificateRequest",
        metadata: { generateName: "capstan-doctor-" },
        spec: {
          issuerRef: { group: apiGroup, kind: "CapstanClusterIssuer", name: "capstan-doctor" },
          request: Buffer.from("no request").toString("base64"),
        },
      },
    });
    return undefined;
  } catch (error) {
    if (error instanceof KubeConnectionError) return `the API server gives no answer to a request: ${error.message}`;
    if (!(error instanceof KubeApiError)) throw error;
    if (/failed calling webhook/.test(error.message)) return error.message;
    const unreadable = asUnreadable(error);
    // Admission refuses with 403 as well; that is the answer that was wanted.
    if (error.code === 403 && / cannot create resource /.test(error.message)) throw unreadable;
    return undefined;
  }
}
