import { parseAllDocuments } from "yaml";

import { runCommand } from "./command.ts";
import { ClusterError } from "./errors.ts";
import type { Tools } from "./install-tools.ts";

export const certManagerNamespace = "cert-manager";
/** Names that the chart derives from the release name `cert-manager`. */
export const certManagerServiceAccounts = {
  controller: "cert-manager",
  webhook: "cert-manager-webhook",
  cainjector: "cert-manager-cainjector",
} as const;
export const webhookCaSecret = "cert-manager-webhook-ca";
/** The webhook's own certificate holds DNS names alone, so it is called by this one and not by 127.0.0.1. */
export const webhookHost = "localhost";

/** What the chart has and bare processes have no use for: their pods, and the Services before those. */
const unusedKinds = new Set(["Deployment", "Service", "Job"]);

/** A Kubernetes object, as far as this file looks at it. */
interface Manifest {
  readonly kind: string;
}

/**
 * The objects of cert-manager's own chart, of the release that is run: its CRDs, service accounts, RBAC and webhook
 * configurations, with its default values. Only the webhooks' address differs: a URL, for there is no Service network.
 *
 * @throws ClusterError ERR_SETUP_REFUSED
 */
export async function renderCertManager(tools: Tools, webhookPort: number): Promise<readonly Manifest[]> {
  const values = [
    "crds.enabled=true",
    "startupapicheck.enabled=false",
    `webhook.url.host=${webhookHost}:${webhookPort}`,
  ];
  const rendered = await runCommand(tools.helm, [
    "template",
    "cert-manager",
    tools.certManagerChart,
    `--namespace=${certManagerNamespace}`,
    `--set=${values.join(",")}`,
  ]);
  if (rendered.exitCode !== 0) {
    throw new ClusterError("ERR_SETUP_REFUSED", `cert-manager's chart cannot be rendered: ${rendered.stderr.trim()}`);
  }
  return parseAllDocuments(rendered.stdout)
    .map((document): unknown => document.toJS())
    .filter(isManifest)
    .filter(({ kind }) => !unusedKinds.has(kind));
}

function isManifest(value: unknown): value is Manifest {
  return typeof value === "object" && value !== null && "kind" in value && typeof value.kind === "string";
}
