import { readFile } from "node:fs/promises";
import path from "node:path";

import { describeResponse } from "./api-client.ts";
import {
  certManagerNamespace,
  certManagerServiceAccounts,
  renderCertManager,
  webhookCaSecret,
  webhookHost,
} from "./cert-manager-manifests.ts";
import type { CommandResult } from "./command.ts";
import { ClusterError } from "./errors.ts";
import type { Tools } from "./install-tools.ts";
import type { ClusterLayout } from "./kubernetes-processes.ts";
import type { ManagedProcess } from "./managed-process.ts";
import type { ProcessGroup } from "./process-group.ts";
import type { ServiceAccount } from "./service-account-token.ts";
import type { ControlPlane } from "./start-control-plane.ts";
import { waitUntil } from "./wait-until.ts";

export interface CertManagerOptions {
  readonly tools: Tools;
  readonly layout: ClusterLayout;
  readonly controlPlane: ControlPlane;
  readonly manifests: ReturnType<typeof renderCertManager>;
  readonly kubectl: (args: readonly string[], options?: { readonly stdin?: string }) => Promise<CommandResult>;
  readonly serviceAccountKubeconfig: (account: ServiceAccount) => Promise<string>;
  readonly processes: ProcessGroup;
  /** Files with CRDs that the controller asks for when it starts. */
  readonly crds: readonly string[];
  /** Appended to the controller's own. */
  readonly controllerExtraArgs: readonly string[];
  readonly log: (line: string) => void;
}

const readyTimeoutMs = 240_000;

/**
 * Installs cert-manager and starts its controller, webhook and cainjector, each as its own service account. The
 * webhook makes its certificate, and the cainjector writes its CA into the webhook configurations, as in any cluster.
 *
 * @throws ClusterError
 */
export async function startCertManager(options: CertManagerOptions): Promise<void> {
  const { crds, layout, kubectl, log } = options;
  const { ports } = layout;
  const manifests = await options.manifests;
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: certManagerNamespace } };
  const list = { apiVersion: "v1", kind: "List", items: [namespace, ...manifests] };
  await mustSucceed(
    "install cert-manager",
    // Server-side: the CRDs are too large for the annotation of a client-side apply. Without validation, for which
    // kubectl would fetch the whole OpenAPI document: a released chart needs none.
    kubectl(
      ["apply", "--server-side", "--validate=false", "--filename=-", ...crds.map((file) => `--filename=${file}`)],
      {
        stdin: JSON.stringify(list),
      },
    ),
  );
  await mustSucceed(
    "establish cert-manager's CRDs",
    kubectl(["wait", "--for=condition=Established", "--timeout=240s", "crd", "--all"]),
  );
  log("cert-manager is installed");

  const [, webhook, injector] = await Promise.all([
    startComponent(options, "controller", [
      `--cluster-resource-namespace=${certManagerNamespace}`,
      `--healthz-listen-address=127.0.0.1:${ports.certManagerHealth}`,
      `--metrics-listen-address=127.0.0.1:${ports.certManagerMetrics}`,
      ...options.controllerExtraArgs,
    ]).then(async (controller) => {
      await waitForHealth(controller, `http://127.0.0.1:${ports.certManagerHealth}/livez`);
      return controller;
    }),
    startComponent(options, "webhook", [
      `--secure-port=${ports.webhook}`,
      `--healthz-port=${ports.webhookHealth}`,
      "--metrics-listen-address=0",
      `--dynamic-serving-ca-secret-namespace=${certManagerNamespace}`,
      `--dynamic-serving-ca-secret-name=${webhookCaSecret}`,
      `--dynamic-serving-dns-names=${webhookHost}`,
    ]).then(async (webhook) => {
      await waitForHealth(webhook, `http://127.0.0.1:${ports.webhookHealth}/healthz`);
      return webhook;
    }),
    startComponent(options, "cainjector", ["--metrics-listen-address=0"]),
  ]);
  await waitForAdmission(options, [webhook, injector]);
  log("cert-manager is ready");
}

async function mustSucceed(what: string, command: Promise<CommandResult>): Promise<void> {
  const { exitCode, stderr } = await command;
  if (exitCode !== 0) throw new ClusterError("ERR_SETUP_REFUSED", `could not ${what}: ${stderr.trim()}`);
}

async function startComponent(
  options: CertManagerOptions,
  component: keyof typeof certManagerServiceAccounts,
  args: readonly string[],
): Promise<ManagedProcess> {
  const account = { namespace: certManagerNamespace, name: certManagerServiceAccounts[component] };
  const kubeconfig = await options.serviceAccountKubeconfig(account);
  return await options.processes.start({
    name: account.name,
    program: options.tools.certManager,
    args: [component, `--kubeconfig=${kubeconfig}`, "-v=2", ...args],
    logFile: path.join(options.layout.logs, `${account.name}.log`),
  });
}

async function waitForHealth(process: ManagedProcess, url: string): Promise<void> {
  await waitUntil({
    what: "healthy",
    process,
    timeoutMs: readyTimeoutMs,
    check: async () => {
      const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
      return response.ok || `${url} says ${response.status}`;
    },
  });
}

/**
 * Until a CertificateRequest passes a dry run, which it does only through both webhooks: before the CA is injected
 * the API server cannot call them, and their failure policy is Fail.
 */
async function waitForAdmission(
  { controlPlane }: CertManagerOptions,
  [webhook, injector]: readonly [ManagedProcess, ManagedProcess],
): Promise<void> {
  const csr = await readFile(controlPlane.pki.probeCsr);
  const request = {
    apiVersion: "cert-manager.io/v1",
    kind: "CertificateRequest",
    metadata: { name: "admission-probe", namespace: "default" },
    spec: { request: csr.toString("base64"), usages: ["client auth"], issuerRef: { name: "none" } },
  };
  const path = "/apis/cert-manager.io/v1/namespaces/default/certificaterequests?dryRun=All";
  await waitUntil({
    what: "admitting requests",
    process: webhook,
    timeoutMs: readyTimeoutMs,
    check: async () => {
      if (injector.ending() !== undefined) throw await injector.failure("the webhooks' CA is not injected");
      const response = await controlPlane.api("POST", path, request);
      return response.status === 201 || describeResponse(response);
    },
  });
}
