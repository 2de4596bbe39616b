import { execFile } from "node:child_process";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
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
import { type Emulator, type EmulatorOptions, readSeed, startEmulator } from "@capstan/test-rolesanywhere";
import { compileCache, programsIn, putPlugin } from "./built-once.ts";
import { commandLine, flagsOf, readShippedProgram } from "./shipped-programs.ts";

const root = path.dirname(path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url)))));

/** The region and account of deploy/examples. */
export const region = "eu-central-1";

/** What the publisher signs its AWS calls with; only the emulator knows it. */
const publisherKeys = {
  accessKeyId: "AKIAIOSFODNN7CAPSTAN",
  secretAccessKey: "emulator-only/not-a-secret/0123456789abc",
  arn: "arn:aws:iam::111122223333:user/capstan-publisher",
};

/** How the standard AWS provider chain finds them. */
const awsEnvironment = {
  AWS_ACCESS_KEY_ID: publisherKeys.accessKeyId,
  AWS_SECRET_ACCESS_KEY: publisherKeys.secretAccessKey,
};

/** A cluster with cert-manager and Capstan, and the emulator that stands in for AWS. */
export interface Environment {
  readonly cluster: Cluster;
  readonly emulator: Emulator;
  /** Folder with kubectl, the plugin, AWS's helper and Node, for a PATH. */
  readonly bin: string;
  /** Kubeconfig of whoever is on call: the rights of ClusterRole capstan-operator and nothing else. */
  readonly operatorKubeconfig: string;
  /** `http://127.0.0.1:port` of the CRL server. */
  readonly crlServer: string;
  /** Where a program serves health and metrics. */
  readonly healthOf: (program: ProgramName) => string;
  /** Kills a program as the kernel would (SIGKILL); its lease is left as it is. */
  readonly kill: (program: ProgramName) => Promise<void>;
  /** Kills a program if it runs and starts it, without waiting until it is ready. */
  readonly relaunch: (program: ProgramName, extraFlags?: readonly string[]) => Promise<ManagedProcess>;
  /** As `relaunch`, and resolves when it is ready. */
  readonly restart: (program: ProgramName) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** The flags by which this place differs from a pod. */
type Flags = (ports: { readonly serve: number; readonly awsEndpoint: string }) => Readonly<Record<string, string>>;

/** Each program runs as deploy/manifests starts it: the image's file, its flags, its service account with its rights. */
const programs = {
  "issuer-controller": () => ({}),
  "crl-publisher": ({ awsEndpoint }) => ({ "aws-endpoint-url": awsEndpoint }),
  "crl-server": ({ serve }) => ({ "listen-address": `127.0.0.1:${serve}` }),
} as const satisfies Record<string, Flags>;

export type ProgramName = keyof typeof programs;

/** Whoever is on call, as a service account: tests and the quickstart have no other way to be somebody. */
const operator = { namespace: "operations", name: "alice" };

const operatorManifests = `
apiVersion: v1
kind: Namespace
metadata: { name: ${operator.namespace} }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: ${operator.name}, namespace: ${operator.namespace} }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: operations-alice }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: capstan-operator }
subjects: [{ kind: ServiceAccount, name: ${operator.name}, namespace: ${operator.namespace} }]
`;

export interface EnvironmentOptions {
  readonly log: (line: string) => void;
  /** What AWS holds instead of the seed of deploy/examples: its accounts, roles, profiles, quotas, and keys beside the publisher's. */
  readonly aws?: Pick<EmulatorOptions, "roles" | "profiles" | "accounts" | "accessKeys" | "quotas">;
  /** Whether the publisher has static AWS keys, as for a first set-up; true when left out. */
  readonly hasPublisherKeys?: boolean;
}

/** Starts everything, and resolves when every part says that it is ready. */
export async function startEnvironment({
  log,
  aws,
  hasPublisherKeys = true,
}: EnvironmentOptions): Promise<Environment> {
  const tools = await installTools({ log });
  const cluster = await startCluster({ tools, log });
  const seed = aws ?? readSeed(await readFile(path.join(root, "test/e2e/seed/aws-administrator.yaml"), "utf8"));
  const accessKeys = [publisherKeys, ...(aws?.accessKeys ?? [])];
  const emulator = await startEmulator({ region, ...seed, accessKeys });
  const running = new Map<ProgramName, ManagedProcess>();
  const stop = async (): Promise<void> => {
    await Promise.all([...running.values()].map((process) => process.kill()));
    await emulator.stop();
    await cluster.stop();
  };
  try {
    await cluster.apply(["-k", path.join(root, "deploy/manifests")]);
    await cluster.apply(["-f", "-"], operatorManifests);
    const bundles = await programsIn(path.join(cluster.directory, "app"));
    const ports = new Map<ProgramName, { readonly health: number; readonly serve: number }>();
    for (const name of programNames) ports.set(name, { health: await pickFreePort(), serve: await pickFreePort() });
    const portsOf = (name: ProgramName): { readonly health: number; readonly serve: number } => {
      const found = ports.get(name);
      if (found === undefined) throw new TypeError(`${name} has no ports`);
      return found;
    };
    const healthOf = (name: ProgramName): string => `http://127.0.0.1:${portsOf(name).health}`;
    const kill = async (name: ProgramName): Promise<void> => running.get(name)?.kill();
    const relaunch: Environment["relaunch"] = async (name, extraFlags = []) => {
      await kill(name);
      const shipped = await readShippedProgram(name);
      const account = { namespace: "capstan-system", name: shipped.serviceAccount };
      const kubeconfig = await cluster.serviceAccountKubeconfig(account);
      const { health, serve } = portsOf(name);
      const started = await startProcess({
        name,
        program: nodePath(),
        // Nothing of the user's own AWS settings.
        environment: {
          PATH: process.env["PATH"],
          HOME: cluster.directory,
          ...compileCache(),
          ...shipped.environment,
          ...(name === "crl-publisher"
            ? { ...(hasPublisherKeys ? awsEnvironment : {}), AWS_ENDPOINT_URL_STS: emulator.endpoint }
            : {}),
        },
        args: commandLine(path.join(bundles, shipped.bundle), {
          ...shipped.flags,
          kubeconfig,
          "health-address": `127.0.0.1:${health}`,
          ...programs[name]({ serve, awsEndpoint: emulator.endpoint }),
          ...flagsOf(extraFlags),
        }),
        logFile: path.join(cluster.logs, `${name}.log`),
      });
      running.set(name, started);
      return started;
    };
    const restart = async (name: ProgramName): Promise<void> => {
      const started = await relaunch(name);
      await until(`${name} to be ready (${started.logFile})`, async () => {
        if (started.ending() !== undefined) throw await started.failure("ended before it was ready");
        return (await fetch(`${healthOf(name)}/readyz`)).ok ? true : undefined;
      });
    };
    await Promise.all(programNames.map(restart));
    log("capstan: the issuer controller, the CRL publisher and the CRL server are ready");
    const operatorKubeconfig = await cluster.serviceAccountKubeconfig(operator);
    return {
      cluster,
      emulator,
      bin: await fillBin(cluster),
      operatorKubeconfig,
      crlServer: `http://127.0.0.1:${portsOf("crl-server").serve}`,
      healthOf,
      kill,
      relaunch,
      restart,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const programNames = Object.keys(programs) as readonly ProgramName[];

/** The Node that runs this. */
function nodePath(): string {
  return process.execPath;
}

async function fillBin({ directory, tools }: Cluster): Promise<string> {
  const bin = path.join(directory, "bin");
  await mkdir(bin, { recursive: true });
  const plugin = path.join(bin, "kubectl-capstan");
  await putPlugin(plugin);
  await Promise.all([
    symlink(tools.kubectl, path.join(bin, "kubectl")),
    symlink(tools.awsSigningHelper, path.join(bin, "aws_signing_helper")),
    symlink(tools.cmctl, path.join(bin, "cmctl")),
    symlink(nodePath(), path.join(bin, "node")),
  ]);
  const completion = await promisify(execFile)(nodePath(), [plugin, "completion", "kubectl"]);
  await writeFile(path.join(bin, "kubectl_complete-capstan"), completion.stdout, { mode: 0o755 });
  return bin;
}
