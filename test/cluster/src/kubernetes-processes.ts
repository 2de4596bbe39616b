import { writeFile } from "node:fs/promises";
import path from "node:path";

import type { ClusterPki } from "./pki.ts";

/** Where one cluster keeps its files and listens. */
export interface ClusterLayout {
  readonly directory: string;
  readonly logs: string;
  readonly kubeconfigs: string;
  readonly auditLog: string;
  readonly ports: ClusterPorts;
}

interface ClusterPorts {
  readonly etcdClient: number;
  readonly etcdPeer: number;
  readonly apiServer: number;
  readonly controllerManager: number;
  readonly webhook: number;
  readonly webhookHealth: number;
  readonly certManagerHealth: number;
  readonly certManagerMetrics: number;
}

export function etcdArguments({ directory, ports }: ClusterLayout): readonly string[] {
  const client = `http://127.0.0.1:${ports.etcdClient}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return [
    "--name=default",
    `--data-dir=${path.join(directory, "etcd")}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    // Nothing here outlives the process, so nothing need reach the disk.
    "--unsafe-no-fsync",
    "--log-level=warn",
  ];
}

/**
 * Who did what to which object, and with what outcome; no bodies, so no Secret contents and no tokens. One line per
 * finished request.
 */
const auditPolicy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "Metadata" }],
};

export async function apiServerArguments(
  layout: ClusterLayout,
  pki: ClusterPki,
  extraArgs: readonly string[],
): Promise<readonly string[]> {
  const { directory, auditLog, ports } = layout;
  const policyFile = path.join(directory, "audit-policy.json");
  await writeFile(policyFile, JSON.stringify(auditPolicy));
  return [
    `--etcd-servers=http://127.0.0.1:${ports.etcdClient}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${ports.apiServer}`,
    `--tls-cert-file=${pki.server.certificate}`,
    `--tls-private-key-file=${pki.server.key}`,
    `--client-ca-file=${pki.ca.certificate}`,
    "--authorization-mode=RBAC",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${pki.serviceAccount.publicKey}`,
    `--service-account-signing-key-file=${pki.serviceAccount.key}`,
    "--service-cluster-ip-range=10.96.0.0/24",
    // The `kubernetes` Service would need endpoints, and those may not be loopback addresses.
    "--endpoint-reconciler-type=none",
    `--audit-policy-file=${policyFile}`,
    `--audit-log-path=${auditLog}`,
    "--audit-log-maxsize=4096",
    "--profiling=false",
    ...extraArgs,
  ];
}

/**
 * What a cluster without nodes needs. The others would watch pods, volumes and nodes that never come, and cost CPU.
 */
const controllers = [
  "certificatesigningrequest-approving-controller",
  "certificatesigningrequest-cleaner-controller",
  "certificatesigningrequest-signing-controller",
  "clusterrole-aggregation-controller",
  "garbage-collector-controller",
  "namespace-controller",
  "resourcequota-controller",
  "root-ca-certificate-publisher-controller",
  "serviceaccount-controller",
  "serviceaccount-token-controller",
  "validatingadmissionpolicy-status-controller",
];

export function controllerManagerArguments(options: {
  readonly layout: ClusterLayout;
  readonly pki: ClusterPki;
  readonly kubeconfig: string;
}): readonly string[] {
  const { layout, pki, kubeconfig } = options;
  return [
    `--kubeconfig=${kubeconfig}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${layout.ports.controllerManager}`,
    `--tls-cert-file=${pki.server.certificate}`,
    `--tls-private-key-file=${pki.server.key}`,
    `--controllers=${controllers.join(",")}`,
    // Each controller as its own service account, with the RBAC that Kubernetes ships for it.
    "--use-service-account-credentials",
    `--service-account-private-key-file=${pki.serviceAccount.key}`,
    `--root-ca-file=${pki.ca.certificate}`,
    `--cluster-signing-cert-file=${pki.ca.certificate}`,
    `--cluster-signing-key-file=${pki.ca.key}`,
    "--leader-elect=false",
  ];
}
