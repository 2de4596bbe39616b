import { rm } from "node:fs/promises";
import path from "node:path";
import { KubeClient, type KubeObject, loadKubeConnection, type ResourceType } from "@capstan/kube";
import { type Cluster, installTools, startCluster } from "@capstan/test-cluster";
import { bundlePublisher } from "../bundle-programs.ts";
import { repository } from "../places.ts";

/** One control plane that every case shares. */
export interface Lab {
  readonly cluster: Cluster;
  /** As administrator, past the proxies. */
  readonly client: KubeClient;
  /** The bundled publisher. */
  readonly program: string;
  /** Real milliseconds by which something must have happened. Generous: a busy machine is no error. */
  readonly patienceMs: number;
  /** How much faster than real time a case runs, unless it says otherwise. */
  readonly factor: number;
  readonly stop: () => Promise<void>;
}

const resource = (group: string, plural: string, kind: string, namespaced: boolean): ResourceType => ({
  group,
  version: "v1",
  plural,
  kind,
  namespaced,
});

const rbac = "rbac.authorization.k8s.io";
export const namespaces: ResourceType = resource("", "namespaces", "Namespace", false);
export const secrets: ResourceType = resource("", "secrets", "Secret", true);
export const leases: ResourceType = resource("coordination.k8s.io", "leases", "Lease", true);
const serviceAccounts = resource("", "serviceaccounts", "ServiceAccount", true);
const roles = resource(rbac, "roles", "Role", true);
const roleBindings = resource(rbac, "rolebindings", "RoleBinding", true);
const clusterRoleBindings = resource(rbac, "clusterrolebindings", "ClusterRoleBinding", false);

/** As fast as steps of a removal may take on a machine that does other things too: its intent is good for a real second. */
export const usualFactor = 30;

export async function startLab(log: (line: string) => void, factor: number = usualFactor): Promise<Lab> {
  const cluster = await startCluster({ tools: await installTools({ log }), log });
  const client = new KubeClient(loadKubeConnection({ kubeconfig: cluster.adminKubeconfig, env: {} }), {
    userAgent: "test-faults",
    requestTimeoutMs: 60_000,
  });
  const stop = async (): Promise<void> => {
    await client.close();
    await cluster.stop();
  };
  try {
    // Nothing here asks for a Certificate.
    for (const name of ["cert-manager", "cert-manager-cainjector", "cert-manager-webhook"]) {
      await cluster.killProcess(name).catch(() => {});
    }
    await cluster.apply(["-k", path.join(repository, "deploy/manifests")]);
    return { cluster, client, program: await bundlePublisher(cluster.directory), patienceMs: 240_000, factor, stop };
  } catch (error) {
    await stop();
    await rm(cluster.directory, { recursive: true, force: true });
    throw error;
  }
}

interface Role extends KubeObject {
  readonly rules?: unknown;
}

/** A namespace of its own for a publisher, with the rights that the shipped manifests give it in Capstan's. */
export async function makeNamespace({ client }: Lab, namespace: string): Promise<void> {
  const name = "crl-publisher";
  const subjects = [{ kind: "ServiceAccount", name, namespace }];
  const { rules } = await client.get<Role>(roles, { namespace: "capstan-system", name });
  const own = { metadata: { name, namespace } };
  await client.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await client.create(serviceAccounts, { apiVersion: "v1", kind: "ServiceAccount", ...own });
  const apiVersion = `${rbac}/v1`;
  await client.create(roles, { apiVersion, kind: "Role", ...own, rules } as KubeObject);
  await client.create(roleBindings, {
    apiVersion,
    kind: "RoleBinding",
    ...own,
    roleRef: { apiGroup: rbac, kind: "Role", name },
    subjects,
  } as KubeObject);
  await client.create(clusterRoleBindings, {
    apiVersion,
    kind: "ClusterRoleBinding",
    metadata: { name: `capstan-crl-publisher-${namespace}` },
    roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "capstan-crl-publisher" },
    subjects,
  } as KubeObject);
}
