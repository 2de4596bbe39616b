import path from "node:path";

import { certManagerNamespace } from "./cert-manager-manifests.ts";
import type { Cluster } from "./cluster.ts";
import { ClusterError } from "./errors.ts";
import { pickFreePort } from "./free-port.ts";
import { installWithChart } from "./install-tools.ts";
import { type ManagedProcess, startProcess } from "./managed-process.ts";
import { type Manifest, renderChart } from "./render-chart.ts";
import { waitUntil } from "./wait-until.ts";

/** The release, its service account, its Service and its webhook configuration all have this name. */
const release = "cert-manager-approver-policy";
const readyTimeoutMs = 240_000;

/**
 * Installs approver-policy by the chart of its own release, with default values but for the signers that it may approve,
 * and starts it as its own service account. Resolves when it leads and its webhook checks policies. It dies with this process; kill it
 * before the cluster stops.
 *
 * cert-manager's own approver goes on approving what its account may: take that right away first.
 *
 * @throws ClusterError
 */
export async function startApproverPolicy(options: {
  readonly cluster: Cluster;
  /** `app.approveSignerNames` of its chart. */
  readonly approveSignerNames: readonly string[];
  readonly log: (line: string) => void;
}): Promise<ManagedProcess> {
  const { cluster, approveSignerNames, log } = options;
  const { program, chart } = await installWithChart("approver-policy", { log });
  const webhookPort = await pickFreePort();
  const manifests = await renderChart({
    helm: cluster.tools.helm,
    chart,
    release,
    namespace: certManagerNamespace,
    values: approveSignerNames.map((name, index) => `app.approveSignerNames[${index}]=${name}`),
  });
  await apply(cluster, [...manifests.map((manifest) => withWebhookPort(manifest, webhookPort)), webhookService]);
  await mustSucceed(
    cluster.kubectl(["wait", "--for=condition=Established", "--timeout=240s", `crd/${policies}`]),
    `establish ${policies}`,
  );

  const readyPort = await pickFreePort();
  const account = { namespace: certManagerNamespace, name: release };
  const approver = await startProcess({
    name: release,
    program,
    args: [
      `--kubeconfig=${await cluster.serviceAccountKubeconfig(account)}`,
      `--leader-election-namespace=${certManagerNamespace}`,
      "--metrics-bind-address=0",
      `--readiness-probe-bind-address=127.0.0.1:${readyPort}`,
      "--webhook-host=127.0.0.1",
      `--webhook-port=${webhookPort}`,
      `--webhook-service-name=${release}`,
      `--webhook-ca-secret-namespace=${certManagerNamespace}`,
      `--webhook-ca-secret-name=${release}-tls`,
    ],
    logFile: path.join(cluster.logs, `${release}.log`),
  });
  try {
    await waitUntil({
      what: "ready",
      process: approver,
      timeoutMs: readyTimeoutMs,
      check: async () => {
        const response = await fetch(`http://127.0.0.1:${readyPort}/readyz`, { signal: AbortSignal.timeout(5000) });
        return response.ok || `/readyz says ${response.status}`;
      },
    });
    await waitForAdmission(cluster, approver);
    log("approver-policy is ready");
    return approver;
  } catch (error) {
    await approver.kill();
    throw error;
  }
}

const policies = "certificaterequestpolicies.policy.cert-manager.io";

/**
 * There is no Service network. A Service of type ExternalName makes the API server call the webhook on this machine, and
 * still demand the certificate of the Service's name. Of such a Service it does not read the port.
 */
const webhookService = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: release, namespace: certManagerNamespace },
  spec: { type: "ExternalName", externalName: "localhost" },
};

interface WebhookConfiguration extends Manifest {
  readonly webhooks: readonly { readonly clientConfig: { readonly service: object } }[];
}

function withWebhookPort(manifest: Manifest, port: number): Manifest {
  if (manifest.kind !== "ValidatingWebhookConfiguration") return manifest;
  const webhooks = (manifest as WebhookConfiguration).webhooks.map(({ clientConfig, ...webhook }) => ({
    ...webhook,
    clientConfig: { ...clientConfig, service: { ...clientConfig.service, port } },
  }));
  return { ...manifest, webhooks } as Manifest;
}

/** Until a policy passes a dry run, which it does only through the webhook: before its CA is injected it cannot be called. */
async function waitForAdmission(cluster: Cluster, approver: ManagedProcess): Promise<void> {
  const policy = {
    apiVersion: "policy.cert-manager.io/v1alpha1",
    kind: "CertificateRequestPolicy",
    metadata: { name: "admission-probe" },
    spec: { selector: { issuerRef: {} } },
  };
  await waitUntil({
    what: "checking policies",
    process: approver,
    timeoutMs: readyTimeoutMs,
    check: async () => {
      const created = await cluster.kubectl(["create", "--dry-run=server", "--filename=-"], {
        stdin: JSON.stringify(policy),
      });
      return created.exitCode === 0 || created.stderr.trim();
    },
  });
}

async function apply(cluster: Cluster, items: readonly unknown[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  await mustSucceed(
    cluster.kubectl(["apply", "--server-side", "--validate=false", "--filename=-"], { stdin: list }),
    "install approver-policy",
  );
}

async function mustSucceed(command: ReturnType<Cluster["kubectl"]>, what: string): Promise<void> {
  const { exitCode, stderr } = await command;
  if (exitCode !== 0) throw new ClusterError("ERR_SETUP_REFUSED", `could not ${what}: ${stderr.trim()}`);
}
