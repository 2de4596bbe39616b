import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { createApiClient, describeResponse } from "./api-client.ts";
import type { ApiClient } from "./api-client.ts";
import type { Tools } from "./install-tools.ts";
import { formatKubeconfig } from "./kubeconfig.ts";
import { apiServerArguments, controllerManagerArguments, etcdArguments } from "./kubernetes-processes.ts";
import type { ClusterLayout } from "./kubernetes-processes.ts";
import type { ManagedProcess } from "./managed-process.ts";
import { createClusterPki } from "./pki.ts";
import type { ClusterPki } from "./pki.ts";
import type { ProcessGroup } from "./process-group.ts";
import { waitUntil } from "./wait-until.ts";

/** A Kubernetes API that answers, with its controllers at work. */
export interface ControlPlane {
  readonly pki: ClusterPki;
  readonly api: ApiClient;
  readonly serverUrl: string;
  readonly adminKubeconfig: string;
}

export interface StartOptions {
  readonly tools: Tools;
  readonly layout: ClusterLayout;
  readonly apiServerExtraArgs: readonly string[];
  readonly processes: ProcessGroup;
  readonly log: (line: string) => void;
}

/** Generous: a loaded machine is no error. */
const readyTimeoutMs = 240_000;

/**
 * Starts etcd, kube-apiserver and kube-controller-manager, each when the one before is ready.
 *
 * @throws ClusterError
 */
export async function startControlPlane(options: StartOptions): Promise<ControlPlane> {
  const { tools, layout, apiServerExtraArgs, processes, log } = options;
  await mkdir(layout.logs, { recursive: true });
  await mkdir(layout.kubeconfigs, { recursive: true, mode: 0o700 });
  const start = async (name: string, program: string, args: readonly string[]): Promise<ManagedProcess> =>
    await processes.start({ name, program, args, logFile: path.join(layout.logs, `${name}.log`) });

  const [pki, etcd] = await Promise.all([
    createClusterPki(path.join(layout.directory, "pki")),
    start("etcd", tools.etcd, etcdArguments(layout)),
  ]);
  await waitUntil({
    what: "healthy",
    process: etcd,
    timeoutMs: readyTimeoutMs,
    check: async () => {
      const response = await fetch(`http://127.0.0.1:${layout.ports.etcdClient}/health`, {
        signal: AbortSignal.timeout(5000),
      });
      return response.ok || `/health says ${response.status}`;
    },
  });
  log("etcd is ready");

  const serverUrl = `https://127.0.0.1:${layout.ports.apiServer}`;
  const caFile = pki.ca.certificate;
  const apiServer = await start(
    "kube-apiserver",
    tools.kubeApiserver,
    await apiServerArguments(layout, pki, apiServerExtraArgs),
  );
  const api = await createApiClient({ serverUrl, caFile, client: pki.admin });
  const adminKubeconfig = path.join(layout.kubeconfigs, "admin.json");
  const managerKubeconfig = path.join(layout.kubeconfigs, "controller-manager.json");
  for (const [file, user] of [
    [adminKubeconfig, pki.admin],
    [managerKubeconfig, pki.controllerManager],
  ] as const) {
    await writeFile(file, formatKubeconfig({ serverUrl, caFile, user }), { mode: 0o600 });
  }
  await waitForAnswer({ api, process: apiServer, path: "/readyz", what: "ready" });
  log("kube-apiserver is ready");

  const manager = await start(
    "kube-controller-manager",
    tools.kubeControllerManager,
    controllerManagerArguments({ layout, pki, kubeconfig: managerKubeconfig }),
  );
  // What a controller made shows more than its own word for it.
  await waitForAnswer({
    api,
    process: manager,
    path: "/api/v1/namespaces/default/serviceaccounts/default",
    what: "making service accounts",
  });
  log("kube-controller-manager is ready");
  return { pki, api, serverUrl, adminKubeconfig };
}

async function waitForAnswer(options: {
  readonly api: ApiClient;
  readonly process: ManagedProcess;
  readonly path: string;
  readonly what: string;
}): Promise<void> {
  await waitUntil({
    what: options.what,
    process: options.process,
    timeoutMs: readyTimeoutMs,
    check: async () => {
      const response = await options.api("GET", options.path);
      return response.status === 200 || describeResponse(response);
    },
  });
}
