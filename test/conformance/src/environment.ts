import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import {
  type Cluster,
  installTools,
  type ManagedProcess,
  pickFreePort,
  startCluster,
  startProcess,
  until,
} from "@capstan/test-cluster";
import { programsIn } from "../../e2e/src/built-once.ts";
import { commandLine, readShippedProgram } from "../../e2e/src/shipped-programs.ts";
import { portDirectory, repository } from "./places.ts";

/** A listener protocol that nobody has, which cert-manager is told to take for TLS. */
export const extraProtocol = "conformance.example.com/TLS";

const watchMs = 500;

export interface Environment {
  readonly cluster: Cluster;
  /** Rejects, with its last log lines, when one of Capstan's programs ends; nothing can pass then. */
  readonly broken: Promise<never>;
  /** Kills the programs, and the cluster. */
  readonly stop: () => Promise<void>;
}

export interface EnvironmentOptions {
  /** Whether Capstan runs too, and not cert-manager alone. */
  readonly capstan: boolean;
  readonly log: (line: string) => void;
}

/**
 * Starts a control plane and cert-manager with what the suites need beyond a default install: the controllers for
 * Kubernetes CertificateSigningRequests, and Gateways and ListenerSets. Capstan's programs are the image's, run as
 * deploy/manifests says, and know nothing of AWS.
 */
export async function startEnvironment({ capstan, log }: EnvironmentOptions): Promise<Environment> {
  const tools = await installTools({ log });
  const cluster = await startCluster({
    tools,
    log,
    crds: await gatewayCrds(),
    certManagerExtraArgs: [
      "--feature-gates=ExperimentalCertificateSigningRequestControllers=true,ListenerSets=true",
      "--enable-gateway-api",
      `--gateway-api-extra-protocols=${extraProtocol}`,
    ],
  });
  const programs: Program[] = [];
  const stopping = new AbortController();
  const stop = async (): Promise<void> => {
    stopping.abort();
    await Promise.all(programs.map((program) => program.kill()));
    await cluster.stop();
  };
  try {
    if (capstan) {
      await cluster.apply(["-k", path.join(repository, "deploy/manifests")]);
      const bundles = await programsIn(path.join(cluster.directory, "app"));
      for (const name of ["crl-publisher", "issuer-controller"]) {
        programs.push(await startProgram(cluster, bundles, name));
      }
      await Promise.all(programs.map(waitUntilReady));
      log("capstan: the CRL publisher and the issuer controller are ready");
    }
    return { cluster, broken: watchPrograms(programs, stopping.signal), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What cert-manager watches, of the release that the suite is built with. */
async function gatewayCrds(): Promise<readonly string[]> {
  const found = await promisify(execFile)("go", ["mod", "download", "-json", "sigs.k8s.io/gateway-api"], {
    cwd: portDirectory,
    env: { ...process.env, GOWORK: "off" },
  });
  const { Dir } = JSON.parse(found.stdout) as { readonly Dir: string };
  return ["gatewayclasses", "gateways", "httproutes", "listenersets"].map((plural) =>
    path.join(Dir, "config/crd/standard", `gateway.networking.k8s.io_${plural}.yaml`),
  );
}

interface Program extends ManagedProcess {
  readonly health: string;
}

async function startProgram(cluster: Cluster, bundles: string, name: string): Promise<Program> {
  const shipped = await readShippedProgram(name);
  const kubeconfig = await cluster.serviceAccountKubeconfig({
    namespace: "capstan-system",
    name: shipped.serviceAccount,
  });
  const health = `127.0.0.1:${await pickFreePort()}`;
  const started = await startProcess({
    name,
    program: process.execPath,
    // Nothing of the user's own AWS settings: an authority without trust anchors has no use for any.
    environment: { PATH: process.env["PATH"], HOME: cluster.directory, ...shipped.environment },
    args: commandLine(path.join(bundles, shipped.bundle), {
      ...shipped.flags,
      kubeconfig,
      "health-address": health,
    }),
    logFile: path.join(cluster.logs, `${name}.log`),
  });
  return { ...started, health };
}

function watchPrograms(programs: readonly Program[], stopping: AbortSignal): Promise<never> {
  const broken = new Promise<never>((_, reject) => {
    const timer = setInterval(() => {
      const ended = programs.find((program) => program.ending() !== undefined);
      if (ended === undefined) return;
      clearInterval(timer);
      void ended.failure("ended before the suites did").then(reject, reject);
    }, watchMs);
    stopping.addEventListener("abort", () => clearInterval(timer));
  });
  // Whoever waits for something else as well hears of it; nobody has to.
  broken.catch(() => undefined);
  return broken;
}

async function waitUntilReady(program: Program): Promise<void> {
  await until(`${program.name} to be ready (${program.logFile})`, async () => {
    if (program.ending() !== undefined) throw await program.failure("ended before it was ready");
    return (await fetch(`http://${program.health}/readyz`)).ok ? true : undefined;
  });
}
