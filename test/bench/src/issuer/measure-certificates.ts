import type { KubeClient, KubeObject, ResourceType } from "@capstan/kube";
import { say } from "@capstan/test-cluster/long-run";
import { type BenchCluster, namespace } from "./bench-cluster.ts";
import { type IssuerContestant, startCertManager } from "./contestants.ts";
import { endGently } from "./measure-backlog.ts";
import { type AskedAndReady, measureTurn } from "./measure-turn.ts";
import type { TurnResult } from "./results.ts";
import { removeAll, removeRequests } from "./waiting-requests.ts";
import { Watched } from "./watched.ts";

const certificateResource: ResourceType = {
  group: "cert-manager.io",
  version: "v1",
  plural: "certificates",
  kind: "Certificate",
  namespaced: true,
};

/** So many are created at once. */
const creators = 16;

/**
 * The whole way: Certificates are created, cert-manager makes keys and requests and approves them, the contestant signs,
 * cert-manager writes Secrets. Times are from a Certificate's creation to its being Ready.
 */
export async function measureCertificates(
  bench: BenchCluster,
  contestant: IssuerContestant,
  options: {
    readonly name: string;
    readonly certManagerFlags: readonly string[];
    readonly count: number;
    readonly warmUp: number;
  },
): Promise<TurnResult> {
  const { name, certManagerFlags, count, warmUp } = options;
  const { client, log } = bench;
  const isOwn = contestant.issuerRef.group === "cert-manager.io";
  const certManager = await startCertManager(bench, certManagerFlags);
  const process = isOwn ? certManager : await contestant.start();
  const watched = new Watched({ client, type: certificateResource, namespace, log });
  try {
    await createAll(client, contestant, watched, "warm", warmUp);
    await clear(bench, watched);
    const result = await measureTurn({
      contestant: name,
      round: 1,
      pid: process.pid,
      user: contestant.user,
      auditLog: bench.cluster.auditLog,
      act: () => createAll(client, contestant, watched, "web", count),
    });
    say(`${name}, ${count} Certificates: ${result.perSecond.toFixed(1)} a second`);
    return result;
  } finally {
    await Promise.all([...new Set([process, certManager])].map(endGently));
    await clear(bench, watched);
    await watched.stop();
  }
}

async function createAll(
  client: KubeClient,
  { issuerRef }: IssuerContestant,
  watched: Watched,
  prefix: string,
  count: number,
): Promise<readonly AskedAndReady[]> {
  const askedAt = new Map<string, number>();
  const create = async (): Promise<void> => {
    while (askedAt.size < count) {
      const name = `${prefix}-${askedAt.size}`;
      askedAt.set(name, performance.now());
      await client.create(certificateResource, certificate(name, issuerRef));
    }
  };
  await Promise.all(Array.from({ length: creators }, create));
  await watched.count(count, "ready");
  return [...askedAt].map(([name, at]) => ({ askedAt: at, readyAt: watched.readyAt(name) }));
}

function certificate(name: string, issuerRef: IssuerContestant["issuerRef"]): NewCertificate {
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name, namespace },
    spec: {
      secretName: `${name}-tls`,
      commonName: `${name}.${namespace}`,
      dnsNames: [`${name}.${namespace}.svc`],
      duration: "24h0m0s",
      renewBefore: "1h0m0s",
      usages: ["digital signature", "client auth"],
      // An RSA key takes cert-manager longer than all the rest.
      privateKey: { algorithm: "ECDSA", size: 256 },
      issuerRef,
    },
  };
}

type NewCertificate = KubeObject & { readonly spec: unknown };

/** Removes them with their requests, Secrets and ledger records. */
async function clear({ etcd }: BenchCluster, watched: Watched): Promise<void> {
  await removeAll(etcd, `/registry/cert-manager.io/certificates/${namespace}/`);
  await watched.count(0, "there");
  await removeRequests(etcd);
  await removeAll(etcd, `/registry/secrets/${namespace}/`);
}
