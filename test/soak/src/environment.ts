import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import {
  bundleKey,
  bundleName,
  type CertificateAuthority,
  certificateAuthorityResource,
  defaultNamespace,
} from "@capstan/api";
import { createLogger, KubeClient, type KubeObject, loadKubeConnection, type Logger } from "@capstan/kube";
import {
  type Cluster,
  installTools,
  type ManagedProcess,
  pickFreePort,
  startCluster,
  startProcess,
  until,
} from "@capstan/test-cluster";
import { type Anchor, Aws, places } from "./aws.ts";
import { brokenGuardVariable } from "./broken-planner.ts";
import { Holdings } from "./holdings.ts";
import { authorityManifest, issuerManifest } from "./manifests.ts";
import { authorityName, reports, repository } from "./places.ts";
import type { Plan } from "./plan.ts";
import { type Relay, startRelay } from "./relay.ts";
import { quotasVariable, ScaledTime, timeScaleVariable } from "./time-scale.ts";

/** A cluster whose authority signs, with its root in every trust anchor. */
export interface Environment {
  readonly cluster: Cluster;
  /** As administrator. */
  readonly client: KubeClient;
  readonly log: Logger;
  readonly time: ScaledTime;
  readonly aws: Aws;
  readonly anchors: readonly Anchor[];
  readonly holdings: Holdings;
  /** Host and port that each program serves its metrics at. */
  readonly addresses: Readonly<Record<Program, string>>;
  /** Lets the publisher end in order and starts another one, without a guard if one is named. */
  readonly replacePublisher: (brokenGuard: string | undefined) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const configMapResource = {
  group: "",
  version: "v1",
  plural: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
} as const;

/** Starts everything, and resolves when the authority is Ready and every anchor joined. */
export async function startEnvironment(
  plan: Plan,
  brokenGuard: string | undefined,
  say: (line: string) => void,
): Promise<Environment> {
  const cluster = await startCluster({ tools: await installTools({ log: say }), log: say });
  const time = new ScaledTime(Date.now(), plan.factor);
  const log = createLogger({ program: "soak", level: "error" });
  const closing: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closing.toReversed()) await close();
    await cluster.stop();
  };
  try {
    const client = new KubeClient(loadKubeConnection({ kubeconfig: cluster.adminKubeconfig, env: {} }), {
      userAgent: "soak",
      requestTimeoutMs: 60_000,
    });
    closing.push(() => client.close());
    const aws = await Aws.start(plan, time);
    closing.push(aws.emulator.stop);
    const holdings = new Holdings();
    const relay: Relay = await startRelay(aws.emulator.endpoint, () =>
      holdings.sample(aws.emulator.trustAnchors(), time.now().getTime()),
    );
    closing.push(relay.close);

    await cluster.apply(["-k", path.join(repository, "deploy/manifests")]);
    await mkdir(reports, { recursive: true });
    const addresses = {
      "issuer-controller": `127.0.0.1:${await pickFreePort()}`,
      "crl-publisher": `127.0.0.1:${await pickFreePort()}`,
    };
    const start = (program: Program, environment: Readonly<Record<string, string>> = {}): Promise<ManagedProcess> => {
      const logFile = path.join(reports, `${plan.name}-${program}.log`);
      const wiring = { [timeScaleVariable]: time.format(), [quotasVariable]: plan.quotas, ...environment };
      return startProgram(program, {
        cluster,
        endpoint: relay.endpoint,
        environment: wiring,
        logFile,
        address: addresses[program],
      });
    };
    for (const program of Object.keys(commands))
      await rm(path.join(reports, `${plan.name}-${program}.log`), { force: true });
    let publisher = await start("crl-publisher", brokenGuardIn(brokenGuard));
    const issuer = await start("issuer-controller");
    closing.push(async () => void (await Promise.all([publisher.kill(), issuer.kill()])));
    const replacePublisher: Environment["replacePublisher"] = async (guard) => {
      process.kill(publisher.pid, "SIGTERM");
      await until("the publisher to end", async () => publisher.ending());
      publisher = await start("crl-publisher", brokenGuardIn(guard));
    };
    if (plan.leaves === "requests") await cluster.killProcess("cert-manager");

    await cluster.apply(["-f", "-"], authorityManifest(plan, []));
    await untilReady(cluster, `certificateauthority/${authorityName}`, [publisher, issuer]);
    const rootPem = await firstRoot(client);
    const anchors = await Promise.all(places.map((place) => aws.createAnchor(place, rootPem)));
    await cluster.apply(["-f", "-"], authorityManifest(plan, anchors));
    await cluster.apply(["-f", "-"], issuerManifest(plan));
    await untilReady(cluster, `capstanclusterissuer/${authorityName}`, [publisher, issuer]);
    await until("every trust anchor to be joined", async () => {
      const { status } = await client.get<CertificateAuthority>(certificateAuthorityResource, { name: authorityName });
      const joined = status?.trustAnchors?.filter((anchor) => anchor.joined).length ?? 0;
      return joined === places.length ? true : undefined;
    });
    say(`the authority signs, and its root is in ${anchors.length} trust anchors`);
    return { cluster, client, log, time, aws, anchors, holdings, addresses, replacePublisher, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const commands = {
  "issuer-controller": { main: "test/soak/src/scaled-issuer-main.ts", flags: () => ["--ledger-retention=0s"] },
  "crl-publisher": {
    main: "test/soak/src/scaled-publisher-main.ts",
    flags: (endpoint: string) => [`--aws-endpoint-url=${endpoint}`],
  },
} as const;

type Program = keyof typeof commands;

async function startProgram(
  name: Program,
  given: {
    readonly cluster: Cluster;
    readonly endpoint: string;
    readonly environment: Readonly<Record<string, string>>;
    readonly logFile: string;
    readonly address: string;
  },
): Promise<ManagedProcess> {
  const { cluster, endpoint, logFile, address } = given;
  const { main, flags } = commands[name];
  const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace: defaultNamespace, name });
  const started = await startProcess({
    name,
    program: process.execPath,
    // Nothing of the user's own AWS settings; no credentials but those of leaves.
    environment: {
      PATH: process.env["PATH"],
      HOME: cluster.directory,
      NODE_COMPILE_CACHE: path.join(cluster.directory, "compile-cache"),
      AWS_EC2_METADATA_DISABLED: "true",
      ...given.environment,
    },
    args: [
      "--conditions=@capstan/source",
      "--enable-source-maps",
      path.join(repository, main),
      `--kubeconfig=${kubeconfig}`,
      `--health-address=${address}`,
      ...flags(endpoint),
    ],
    logFile,
  });
  await until(`${name} to be ready`, async () => {
    if (started.ending() !== undefined) throw await started.failure("ended before it was ready");
    return (await fetch(`http://${address}/readyz`)).ok ? true : undefined;
  });
  return started;
}

function brokenGuardIn(guard: string | undefined): Readonly<Record<string, string>> {
  return guard === undefined ? {} : { [brokenGuardVariable]: guard };
}

async function untilReady(cluster: Cluster, object: string, programs: readonly ManagedProcess[]): Promise<void> {
  await until(`${object} to be Ready`, async () => {
    for (const program of programs) {
      if (program.ending() !== undefined) throw await program.failure(`${object} is not Ready`);
    }
    const { exitCode, stderr } = await cluster.kubectl(["wait", "--for=condition=Ready", "--timeout=2s", object]);
    if (exitCode === 0) return true;
    throw new Error(stderr.trim());
  });
}

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** From where relying parties have it. */
async function firstRoot(client: KubeClient): Promise<string> {
  const ref = { namespace: defaultNamespace, name: bundleName(authorityName) };
  return await until("the bundle of roots", async () => {
    const found = await client.getOrUndefined<ConfigMap>(configMapResource, ref);
    return found?.data?.[bundleKey];
  });
}
