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
} from "@capstan/test-cluster";
import { until } from "../../../e2e/src/until.ts";
import { Aws, places } from "../../../soak/src/aws.ts";
import { authorityManifest, issuerManifest } from "../../../soak/src/manifests.ts";
import { authorityName, repository } from "../../../soak/src/places.ts";
import { type Plan, PLANS } from "../../../soak/src/plan.ts";
import { quotasVariable, ScaledTime, timeScaleVariable } from "../../../soak/src/time-scale.ts";

/** A Capstan whose time runs faster: leaves live for ten minutes of it, and roots for six hours. */
export interface ScaledCapstan {
  readonly client: KubeClient;
  readonly log: Logger;
  readonly time: ScaledTime;
  readonly aws: Aws;
  readonly plan: Plan;
  /** `http://127.0.0.1:port` of each program, which serves metrics there. */
  readonly programs: Readonly<Record<ProgramName, string>>;
  readonly stop: () => Promise<void>;
}

const programs = {
  "issuer-controller": { main: "test/soak/src/scaled-issuer-main.ts", flags: () => ["--ledger-retention=0s"] },
  "crl-publisher": {
    main: "test/soak/src/scaled-publisher-main.ts",
    flags: (endpoint: string) => [`--aws-endpoint-url=${endpoint}`],
  },
} as const;

export type ProgramName = keyof typeof programs;

/**
 * Starts a control plane, the emulator with three trust anchors in two regions and two accounts, and both controllers by the
 * soak's entry points; resolves when every trust anchor has joined.
 *
 * @param factor how much faster than real time it runs
 */
export async function startScaledCapstan(factor: number): Promise<ScaledCapstan> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const plan: Plan = { ...PLANS.smoke, factor, soak: "6m" };
  const cluster = await startCluster({ tools: await installTools({ log: say }), log: say });
  const time = new ScaledTime(Date.now(), factor);
  const log = createLogger({ program: "plots", level: "error" });
  const closing: (() => Promise<void>)[] = [cluster.stop];
  const stop = async (): Promise<void> => {
    for (const close of closing.toReversed()) await close();
  };
  try {
    const client = new KubeClient(loadKubeConnection({ kubeconfig: cluster.adminKubeconfig, env: {} }), {
      userAgent: "plots",
      requestTimeoutMs: 60_000,
    });
    closing.push(() => client.close());
    const aws = await Aws.start(plan, time);
    closing.push(aws.emulator.stop);
    await apply(cluster, ["-k", path.join(repository, "deploy/manifests")]);
    // Requests are approved by who makes them.
    await cluster.killProcess("cert-manager");
    const environment = { [timeScaleVariable]: time.format(), [quotasVariable]: plan.quotas };
    const start = async (name: ProgramName): Promise<string> => {
      const started = await startProgram(name, { cluster, endpoint: aws.emulator.endpoint, environment });
      closing.push(() => started.process.kill());
      return started.url;
    };
    const urls = {
      "crl-publisher": await start("crl-publisher"),
      "issuer-controller": await start("issuer-controller"),
    };
    await apply(cluster, ["-f", "-"], authorityManifest(plan, []));
    const rootPem = await firstRoot(client);
    const anchors = await Promise.all(places.map((place) => aws.createAnchor(place, rootPem)));
    await apply(cluster, ["-f", "-"], authorityManifest(plan, anchors));
    await apply(cluster, ["-f", "-"], issuerManifest(plan));
    await until("every trust anchor to be joined", async () => {
      const { status } = await client.get<CertificateAuthority>(certificateAuthorityResource, { name: authorityName });
      return status?.trustAnchors?.filter(({ joined }) => joined).length === places.length ? true : undefined;
    });
    return { client, log, time, aws, plan, programs: urls, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startProgram(
  name: ProgramName,
  given: {
    readonly cluster: Cluster;
    readonly endpoint: string;
    readonly environment: Readonly<Record<string, string>>;
  },
): Promise<{ readonly process: ManagedProcess; readonly url: string }> {
  const { cluster, endpoint, environment } = given;
  const { main, flags } = programs[name];
  const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace: defaultNamespace, name });
  const port = await pickFreePort();
  const process_ = await startProcess({
    name,
    program: process.execPath,
    // Nothing of the user's own AWS settings; no credentials but those of leaves.
    environment: {
      PATH: process.env["PATH"],
      HOME: cluster.directory,
      AWS_EC2_METADATA_DISABLED: "true",
      ...environment,
    },
    args: [
      "--conditions=@capstan/source",
      path.join(repository, main),
      `--kubeconfig=${kubeconfig}`,
      `--health-address=127.0.0.1:${port}`,
      ...flags(endpoint),
    ],
    logFile: path.join(cluster.logs, `${name}.log`),
  });
  const url = `http://127.0.0.1:${port}`;
  await until(`${name} to be ready`, async () => {
    if (process_.ending() !== undefined) throw await process_.failure("ended before it was ready");
    return (await fetch(`${url}/readyz`)).ok ? true : undefined;
  });
  return { process: process_, url };
}

/** The API server validates; kubectl itself would need its whole schema first. */
async function apply(cluster: Cluster, args: readonly string[], stdin?: string): Promise<void> {
  const result = await cluster.kubectl(
    ["apply", "--server-side", "--validate=false", ...args],
    stdin === undefined ? {} : { stdin },
  );
  if (result.exitCode !== 0) throw new Error(`kubectl apply ${args.join(" ")}: ${result.stderr}`);
}

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

const configMapResource = {
  group: "",
  version: "v1",
  plural: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
} as const;

/** From where relying parties have it. */
async function firstRoot(client: KubeClient): Promise<string> {
  const ref = { namespace: defaultNamespace, name: bundleName(authorityName) };
  return await until("the bundle of roots", async () => {
    const found = await client.getOrUndefined<ConfigMap>(configMapResource, ref);
    return found?.data?.[bundleKey];
  });
}
