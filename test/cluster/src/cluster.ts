import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { renderCertManager } from "./cert-manager-manifests.ts";
import { runCommand } from "./command.ts";
import type { CommandResult } from "./command.ts";
import { formatElapsed } from "./elapsed.ts";
import { ClusterError } from "./errors.ts";
import { pickFreePort } from "./free-port.ts";
import type { Tools } from "./install-tools.ts";
import { formatKubeconfig } from "./kubeconfig.ts";
import type { ClusterLayout } from "./kubernetes-processes.ts";
import { createProcessGroup } from "./process-group.ts";
import { keepToken } from "./service-account-token.ts";
import type { ServiceAccount } from "./service-account-token.ts";
import { startCertManager } from "./start-cert-manager.ts";
import { startControlPlane } from "./start-control-plane.ts";

/** A running cluster. */
export interface Cluster {
  /** Holds all of its files. */
  readonly directory: string;
  readonly tools: Tools;
  /** The API server, as `https://127.0.0.1:port`. */
  readonly serverUrl: string;
  /** Path of a kubeconfig in the group system:masters. For setting up and looking, never for a component under test. */
  readonly adminKubeconfig: string;
  /** Path of the API server's audit log: JSON lines of level Metadata, one per finished request. */
  readonly auditLog: string;
  /** Folder with one log per process. */
  readonly logs: string;
  /**
   * Path of a kubeconfig that speaks as this service account, which must exist. Its token lies in a file of its own
   * that is renewed before it expires, as a kubelet would; read that file anew for each call.
   *
   * @throws ClusterError ERR_SERVICE_ACCOUNT_MISSING, ERR_SETUP_REFUSED
   */
  readonly serviceAccountKubeconfig: (account: ServiceAccount) => Promise<string>;
  /** Runs kubectl, as admin unless a kubeconfig is given. A non-zero exit is a result, not an error. */
  readonly kubectl: (args: readonly string[], options?: KubectlOptions) => Promise<CommandResult>;
  /**
   * `kubectl apply --server-side` as admin, of files (`-f`, `-k`) or, with `-f -`, of what is given.
   *
   * @throws ClusterError ERR_SETUP_REFUSED with what kubectl says
   */
  readonly apply: (args: readonly string[], stdin?: string) => Promise<void>;
  /**
   * Kills one of the processes (SIGKILL), as named in `logs`: "etcd", "kube-apiserver", "cert-manager-webhook", …
   *
   * @throws ClusterError ERR_PROCESS_EXITED when there is none of that name
   */
  readonly killProcess: (name: string) => Promise<void>;
  /** Starts it again as it was, on the same port and with what etcd kept. It takes a while to be ready. */
  readonly startProcessAgain: (name: string) => Promise<void>;
  /** Kills every process, and removes the folder if it was a temporary one. May be called twice. */
  readonly stop: () => Promise<void>;
}

export interface KubectlOptions {
  readonly kubeconfig?: string;
  readonly stdin?: string;
}

export interface ClusterOptions {
  readonly tools: Tools;
  /** An empty or missing folder, kept after `stop`. Default: a temporary one. */
  readonly directory?: string;
  /** Gets one line per step. */
  readonly log: (line: string) => void;
  /** Appended to kube-apiserver's own, for example `["--feature-gates=…"]`. */
  readonly apiServerExtraArgs?: readonly string[];
  /** Appended to those of cert-manager's controller, for example `["--enable-gateway-api"]`. */
  readonly certManagerExtraArgs?: readonly string[];
  /** Files with CRDs that are established before cert-manager starts. */
  readonly crds?: readonly string[];
}

const attempts = 3;

/**
 * Starts etcd, kube-apiserver, kube-controller-manager and cert-manager on free ports, and resolves when all of them
 * work. They die with this process, also when it is killed.
 *
 * @throws ClusterError whose message ends with the last log lines of the process at fault. Nothing is left running,
 * and the logs stay where they are.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options, attempt);
    } catch (error) {
      const isPortTaken = error instanceof ClusterError && error.code === "ERR_PORT_TAKEN";
      if (!isPortTaken || attempt === attempts) throw error;
      options.log("cluster: another process took a port; starting again on others");
    }
  }
}

async function startOnce(options: ClusterOptions, attempt: number): Promise<Cluster> {
  const { tools, apiServerExtraArgs = [], certManagerExtraArgs = [], crds = [] } = options;
  const begun = performance.now();
  const log = (line: string): void => options.log(`cluster: ${line} (${formatElapsed(performance.now() - begun)})`);
  const base = options.directory ?? (await mkdtemp(path.join(tmpdir(), "capstan-cluster-")));
  // A failed attempt's files stay where they were, next to the new one's.
  const directory = options.directory === undefined || attempt === 1 ? base : path.join(base, `attempt-${attempt}`);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const layout = await planLayout(directory);

  const processes = createProcessGroup();
  const tokenKeepers = new Map<string, Promise<KeptKubeconfig>>();
  const stop = async (): Promise<void> => {
    for (const kept of await Promise.allSettled(tokenKeepers.values())) {
      if (kept.status === "fulfilled") kept.value.stop();
    }
    await processes.killAll();
  };

  try {
    const manifests = renderCertManager(tools, layout.ports.webhook);
    // It is awaited later; until then its failure must not count as unhandled.
    manifests.catch(() => undefined);
    const controlPlane = await startControlPlane({ tools, layout, apiServerExtraArgs, processes, log });
    const { api, serverUrl, adminKubeconfig, pki } = controlPlane;
    const caFile = pki.ca.certificate;

    const kubectl: Cluster["kubectl"] = async (args, { kubeconfig = adminKubeconfig, stdin } = {}) => {
      const own = [`--kubeconfig=${kubeconfig}`, `--cache-dir=${path.join(directory, "kubectl-cache")}`];
      return await runCommand("setpriv", ["--pdeathsig", "KILL", "--", tools.kubectl, ...own, ...args], {
        stdin,
        // The user's own kubectl preferences (aliases, default flags) are no part of a test.
        environment: { ...process.env, KUBERC: "off" },
      });
    };
    const apply: Cluster["apply"] = async (args, stdin) => {
      const { exitCode, stderr } = await kubectl(
        ["apply", "--server-side", ...args],
        stdin === undefined ? {} : { stdin },
      );
      if (exitCode !== 0) throw new ClusterError("ERR_SETUP_REFUSED", `kubectl apply ${args.join(" ")}: ${stderr}`);
    };
    const serviceAccountKubeconfig: Cluster["serviceAccountKubeconfig"] = async (serviceAccount) => {
      const name = `${serviceAccount.namespace}.${serviceAccount.name}`;
      let kept = tokenKeepers.get(name);
      if (kept === undefined) {
        const file = path.join(layout.kubeconfigs, name);
        kept = keepKubeconfig({ file, serverUrl, caFile, api, serviceAccount, log: options.log });
        tokenKeepers.set(name, kept);
        // An account that was missing may be there when it is asked for again.
        kept.catch(() => tokenKeepers.delete(name));
      }
      return (await kept).path;
    };
    await startCertManager({
      tools,
      layout,
      controlPlane,
      manifests,
      kubectl,
      serviceAccountKubeconfig,
      processes,
      crds,
      controllerExtraArgs: certManagerExtraArgs,
      log,
    });
    return {
      directory,
      tools,
      serverUrl,
      adminKubeconfig,
      auditLog: layout.auditLog,
      logs: layout.logs,
      serviceAccountKubeconfig,
      kubectl,
      apply,
      killProcess: processes.kill,
      startProcessAgain: async (name) => {
        await processes.startAgain(name);
      },
      stop: async () => {
        await stop();
        if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function planLayout(directory: string): Promise<ClusterLayout> {
  const logs = path.join(directory, "logs");
  return {
    directory,
    logs,
    kubeconfigs: path.join(directory, "kubeconfigs"),
    auditLog: path.join(logs, "audit.jsonl"),
    ports: {
      etcdClient: await pickFreePort(),
      etcdPeer: await pickFreePort(),
      apiServer: await pickFreePort(),
      controllerManager: await pickFreePort(),
      webhook: await pickFreePort(),
      webhookHealth: await pickFreePort(),
      certManagerHealth: await pickFreePort(),
      certManagerMetrics: await pickFreePort(),
    },
  };
}

interface KeptKubeconfig {
  readonly path: string;
  readonly stop: () => void;
}

async function keepKubeconfig(
  options: Omit<Parameters<typeof keepToken>[0], "tokenFile"> & {
    /** Path without an ending. */
    readonly file: string;
    readonly serverUrl: string;
    readonly caFile: string;
  },
): Promise<KeptKubeconfig> {
  const { file, serverUrl, caFile } = options;
  const tokenFile = `${file}.token`;
  const keeper = await keepToken({ ...options, tokenFile });
  const kubeconfig = `${file}.json`;
  await writeFile(kubeconfig, formatKubeconfig({ serverUrl, caFile, user: { tokenFile } }), { mode: 0o600 });
  return { path: kubeconfig, stop: keeper.stop };
}
