import type { Tools } from "./install-tools.ts";
import { type Manifest, renderChart } from "./render-chart.ts";

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

/**
 * The objects of cert-manager's own chart, of the release that is run: its CRDs, service accounts, RBAC and webhook
 * configurations, with its default values. Only the webhooks' address differs: a URL, for there is no Service network.
 *
 * @throws ClusterError ERR_SETUP_REFUSED
 */
export async function renderCertManager(tools: Tools, webhookPort: number): Promise<readonly Manifest[]> {
  return await renderChart({
    helm: tools.helm,
    chart: tools.certManagerChart,
    release: "cert-manager",
    namespace: certManagerNamespace,
    values: ["crds.enabled=true", "startupapicheck.enabled=false", `webhook.url.host=${webhookHost}:${webhookPort}`],
  });
}
