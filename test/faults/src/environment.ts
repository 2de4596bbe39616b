import { mkdir } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { KubeClient, loadKubeConnection } from "@capstan/kube";
import {
  type Cluster,
  installTools,
  type ManagedProcess,
  pickFreePort,
  startCluster,
  startProcess,
} from "@capstan/test-cluster";
import { bundleController } from "./bundle-programs.ts";
import { authorityManifest, repository } from "./places.ts";
import { auditFolder, Replica } from "./replica.ts";
import { Wire } from "./wire.ts";

/** A cluster with an authority that can sign, and two replicas of the issuer controller that do not run yet. */
export interface Environment {
  readonly cluster: Cluster;
  /** As administrator, past the proxies. */
  readonly client: KubeClient;
  readonly replicas: readonly [Replica, Replica];
  readonly wire: Wire;
  readonly stop: () => Promise<void>;
}

const readyTimeoutMs = 300_000;

/** Starts everything, and lets the first replica run once, until the issuer says that it is ready. */
export async function startEnvironment({ log }: { readonly log: (line: string) => void }): Promise<Environment> {
  const cluster = await startCluster({ tools: await installTools({ log }), log });
  const client = new KubeClient(loadKubeConnection({ kubeconfig: cluster.adminKubeconfig, env: {} }), {
    userAgent: "test-faults",
    // What is looked at may be large, and the machine busy.
    requestTimeoutMs: readyTimeoutMs,
  });
  const running: { readonly close: () => Promise<void> }[] = [client];
  const stop = async (): Promise<void> => {
    await Promise.all(running.map(({ close }) => close.call(client)));
    await cluster.stop();
  };
  try {
    await cluster.apply(["-k", path.join(repository, "deploy/manifests")]);
    await mkdir(auditFolder(cluster));
    const publisher = await startPublisher(cluster);
    running.push({ close: publisher.kill });
    await cluster.apply(["-f", authorityManifest]);
    const wire = new Wire();
    const program = await bundleController(cluster.directory);
    const create = (name: string): Promise<Replica> => Replica.create({ cluster, name, program, wire });
    const replicas = [await create("replica-a"), await create("replica-b")] as const;
    for (const replica of replicas) running.push({ close: () => replica.close() });
    await waitForReady(cluster, "certificateauthority/faults", publisher);
    const [first] = replicas;
    await waitForReady(cluster, "capstanclusterissuer/faults", publisher, () => first.keepRunning());
    await first.stop();
    log("capstan: the authority and its issuer are ready");
    return { cluster, client, replicas, wire, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startPublisher(cluster: Cluster): Promise<ManagedProcess> {
  const name = "crl-publisher";
  const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace: "capstan-system", name });
  return await startProcess({
    name,
    program: process.execPath,
    environment: { PATH: process.env["PATH"], HOME: cluster.directory },
    args: [
      "--conditions=@capstan/source",
      "--enable-source-maps",
      path.join(repository, "packages/crl-publisher/src/main.ts"),
      `--kubeconfig=${kubeconfig}`,
      `--health-address=127.0.0.1:${await pickFreePort()}`,
      `--audit-log=${path.join(auditFolder(cluster), `${name}.log`)}`,
    ],
    logFile: path.join(cluster.logs, `${name}.log`),
  });
}

async function waitForReady(
  cluster: Cluster,
  object: string,
  publisher: ManagedProcess,
  supervise: () => Promise<void> = async () => {},
): Promise<void> {
  const deadline = performance.now() + readyTimeoutMs;
  for (;;) {
    await supervise();
    const { exitCode, stderr } = await cluster.kubectl(["wait", "--for=condition=Ready", "--timeout=1s", object]);
    if (exitCode === 0) return;
    if (publisher.ending() !== undefined) throw await publisher.failure(`${object} is not Ready`);
    if (performance.now() > deadline) throw new Error(`gave up waiting for ${object} to be Ready: ${stderr.trim()}`);
    await delay(200);
  }
}
