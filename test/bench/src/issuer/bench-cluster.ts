import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { createLogger, KubeClient, loadKubeConnection, type Logger } from "@capstan/kube";
import {
  type Cluster,
  installTools,
  type ManagedProcess,
  pickFreePort,
  type ServiceAccount,
  startCluster,
  startProcess,
} from "@capstan/test-cluster";
import { makeAuthority } from "../bench-authority.ts";
import { EtcdGateway } from "../etcd-gateway.ts";

export const repository: string = path.resolve(fileURLToPath(import.meta.url), "../../../../..");
const manifests = path.join(repository, "test/bench/manifests");

/** Where requests are. */
export const namespace = "demo";

/** A cluster in which everything is prepared and nothing runs that answers requests. */
export interface BenchCluster {
  readonly cluster: Cluster;
  /** As administrator. */
  readonly client: KubeClient;
  readonly etcd: EtcdGateway;
  readonly log: Logger;
  /** Holds root.pem and ca-key.pem of a CA for contestants that take files. */
  readonly caFolder: string;
  readonly start: (program: ProgramStart) => Promise<ManagedProcess>;
  readonly stop: () => Promise<void>;
}

/** How a contestant's process is started. */
export interface ProgramStart {
  readonly name: string;
  readonly account: ServiceAccount;
  readonly program: string;
  readonly args: (given: { readonly kubeconfig: string; readonly port: number }) => readonly string[];
  /** Asked until it says 200. */
  readonly ready: (port: number) => string;
}

const readyTimeoutMs = 180_000;

/** glibc gives every thread that signs a heap of its own, and seldom gives it back (README, Memory). Go has its own allocator. */
const allocator = { MALLOC_ARENA_MAX: "2" };

/** Starts a control plane with an authority that the CRL publisher has made, and ends cert-manager's controller. */
export async function startBenchCluster(log: (line: string) => void): Promise<BenchCluster> {
  const cluster = await startCluster({ tools: await installTools({ log }), log });
  const client = new KubeClient(loadKubeConnection({ kubeconfig: cluster.adminKubeconfig, env: {} }), {
    userAgent: "bench-issuer",
    requestTimeoutMs: 120_000,
  });
  const started: ManagedProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((process) => process.kill()));
    await client.close();
    await cluster.stop();
  };
  const start: BenchCluster["start"] = async ({ name, account, program, args, ready }) => {
    const [kubeconfig, port] = await Promise.all([cluster.serviceAccountKubeconfig(account), pickFreePort()]);
    const process = await startProcess({
      name,
      program,
      environment: { PATH: globalThis.process.env["PATH"], HOME: cluster.directory, ...allocator },
      args: args({ kubeconfig, port }),
      logFile: path.join(cluster.logs, `${name}.log`),
    });
    started.push(process);
    await untilReady(process, ready(port));
    return process;
  };
  try {
    const caFolder = path.join(cluster.directory, "bench-ca");
    await mkdir(caFolder, { mode: 0o700 });
    const { folder } = await makeAuthority("RSA-2048", caFolder);
    await cluster.apply(["-k", path.join(repository, "deploy/manifests")]);
    await start({
      name: "crl-publisher",
      account: { namespace: "capstan-system", name: "crl-publisher" },
      ...builtProgram("crl-publisher"),
    });
    await cluster.apply(["-f", path.join(manifests, "issuer.yaml")]);
    await applySecret(cluster, folder);
    await mustSucceed(cluster, ["wait", "--for=condition=Ready", "--timeout=180s", "certificateauthority/bench"]);
    await mustSucceed(cluster, ["wait", "--for=condition=Ready", "--timeout=180s", "clusterissuer/bench"]);
    // From now on it runs only in a contestant's turn.
    await cluster.killProcess("cert-manager");
    const logger = createLogger({ program: "bench-issuer", level: "error" });
    return { cluster, client, etcd: new EtcdGateway(cluster), log: logger, caFolder: folder, start, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A program of ours as it was built, since that is what a user runs. */
export function builtProgram(
  name: "issuer-controller" | "crl-publisher",
  nodeOptions: readonly string[] = [],
  flags: readonly string[] = [],
): Pick<ProgramStart, "program" | "args" | "ready"> {
  return {
    program: process.execPath,
    args: ({ kubeconfig, port }) => [
      ...nodeOptions,
      path.join(repository, "packages", name, "dist/main.js"),
      `--kubeconfig=${kubeconfig}`,
      `--health-address=127.0.0.1:${port}`,
      ...flags,
    ],
    ready: (port) => `http://127.0.0.1:${port}/readyz`,
  };
}

/** Applies what the issuer made with issuer-lib needs: its kinds, from the release itself, and an issuer. */
export async function applyIssuerLib(cluster: Cluster, crds: string): Promise<void> {
  await cluster.apply(["-f", crds]);
  await mustSucceed(cluster, ["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"]);
  await cluster.apply(["-f", path.join(manifests, "issuer-lib.yaml")]);
}

async function applySecret(cluster: Cluster, folder: string): Promise<void> {
  const [certificate, key] = await Promise.all(
    ["root.pem", "ca-key.pem"].map((file) => readFile(path.join(folder, file), "utf8")),
  );
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/tls",
    metadata: { name: "bench-ca", namespace: "cert-manager" },
    stringData: { "tls.crt": certificate, "tls.key": key },
  };
  await cluster.apply(["-f", "-"], JSON.stringify(secret));
}

async function mustSucceed(cluster: Cluster, args: readonly string[], stdin?: string): Promise<void> {
  const result = await cluster.kubectl(args, stdin === undefined ? {} : { stdin });
  if (result.exitCode !== 0) throw new Error(`kubectl ${args.join(" ")}: ${result.stderr}`);
}

async function untilReady(process: ManagedProcess, url: string): Promise<void> {
  const deadline = performance.now() + readyTimeoutMs;
  for (;;) {
    if (process.ending() !== undefined) throw await process.failure("ended before it was ready");
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return;
    if (performance.now() > deadline) throw await process.failure(`${url} says ${answer?.status ?? "nothing"}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
