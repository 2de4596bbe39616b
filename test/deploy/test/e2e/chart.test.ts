import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Cluster, installTools, startCluster } from "@capstan/test-cluster";
import { chartFolder, renderChart } from "@capstan/tools/chart";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Deployment, deploymentsOf, renderObjects } from "../../src/deployments.ts";

// The chart on a real API server: everything is applied, and the pods of its Deployments are created by hand, since
// nothing runs pods here. Admission is what is tried: the API server's schemas, and the restricted Pod Security Standard.

const minute = 60_000;
const namespace = "capstan-system";
let cluster: Cluster;

beforeAll(async () => {
  const log = (): void => undefined;
  cluster = await startCluster({ tools: await installTools({ log }), log });
  await kubectl(["create", "namespace", namespace]);
  await kubectl(["label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted"]);
}, 20 * minute);

afterAll(async () => {
  await cluster?.stop();
});

async function kubectl(args: readonly string[], stdin?: string): Promise<string> {
  const { exitCode, stdout, stderr } = await cluster.kubectl(args, stdin === undefined ? {} : { stdin });
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
  return stdout;
}

const withEverything = {
  "revokeOnDeletion.enabled": true,
  "dashboards.enabled": true,
  "auditLog.volume": { persistentVolumeClaim: { claimName: "audit" } },
  "crlPublisher.aws.caBundle.configMapName": "private-ca",
  "crlPublisher.aws.httpsProxy": "http://proxy.example.org:3128",
  "networkPolicy.metricsFrom": [{ namespaceSelector: { matchLabels: { name: "monitoring" } } }],
  "networkPolicy.publisherEgress": [{ ports: [{ port: 3128, protocol: "TCP" }] }],
  priorityClassName: "system-cluster-critical",
  tolerations: [{ key: "control-plane", operator: "Exists" }],
  nodeSelector: { "kubernetes.io/os": "linux" },
  imagePullSecrets: [{ name: "registry" }],
  podAnnotations: { example: "yes" },
};

describe.each([
  ["with its default values", {}],
  ["with everything turned on", withEverything],
])("the chart %s", (_name, values) => {
  test("is applied as a whole, twice, with nothing changed by the second time", { timeout: 5 * minute }, async () => {
    const { helm } = cluster.tools;
    const rendered = await renderChart({ helm, values });
    // Fields that no schema knows are an error, and not left out.
    const args = ["apply", "--server-side", "--force-conflicts", "--validate=strict", "-f", "-"];
    await kubectl(args, rendered);
    await kubectl(["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"]);
    const before = await versions();
    await kubectl(args, rendered);
    expect(await versions()).toEqual(before);
  });

  test("has pods that the restricted profile lets in", async () => {
    const deployments = deploymentsOf(await renderObjects({ helm: cluster.tools.helm, values }));
    expect(deployments).toHaveLength(3);
    for (const deployment of deployments) {
      await kubectl(["create", "--validate=strict", "-f", "-"], JSON.stringify(podOf(deployment, {})));
      await kubectl(["delete", "pod", deployment.metadata.name, "-n", namespace, "--grace-period=0", "--force"]);
    }
  });
});

/** Of what the chart made, how often each object was written. */
async function versions(): Promise<string> {
  const kinds =
    "deployments,services,networkpolicies,poddisruptionbudgets,roles,rolebindings,serviceaccounts,configmaps";
  const columns = "-o=custom-columns=K:.kind,N:.metadata.name,G:.metadata.generation,V:.metadata.resourceVersion";
  return await kubectl(["get", kinds, "-n", namespace, "-l", "app.kubernetes.io/part-of=capstan", columns]);
}

/** The pod that a Deployment's controller would make. */
function podOf({ metadata, spec }: Deployment, change: object): object {
  const { template } = spec;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...template.metadata, name: metadata.name, namespace },
    spec: { ...template.spec, ...change },
  };
}

test.each([
  ["as root", { securityContext: { runAsUser: 0, seccompProfile: { type: "RuntimeDefault" } } }],
  ["in the node's network", { hostNetwork: true }],
  ["with a folder of the node", { volumes: [{ name: "x", hostPath: { path: "/" } }] }],
])("the profile is enforced: a pod of the chart %s is refused", async (_name, change) => {
  const [deployment] = deploymentsOf(await renderObjects({ helm: cluster.tools.helm }));
  if (deployment === undefined) throw new Error("the chart has no Deployment");
  const { stderr } = await cluster.kubectl(["create", "-f", "-"], { stdin: JSON.stringify(podOf(deployment, change)) });
  expect(stderr).toContain('violates PodSecurity "restricted:latest"');
});

test("helm installs the chart, upgrades it, and leaves the CRDs when it is gone", { timeout: 5 * minute }, async () => {
  // Made by kubectl above, so that Helm would refuse to take them over.
  await kubectl(["delete", "namespace", namespace, "--wait"]);
  await kubectl(["delete", "-f", "-", "--ignore-not-found", "--wait"], await renderChart({ helm: cluster.tools.helm }));
  const helm = async (...args: readonly string[]): Promise<string> => {
    const flags = [`--kubeconfig=${cluster.adminKubeconfig}`, `--namespace=${namespace}`];
    return (await promisify(execFile)(cluster.tools.helm, [...args, ...flags])).stdout;
  };
  expect(await helm("upgrade", "--install", "capstan", chartFolder, "--create-namespace")).toContain(
    "STATUS: deployed",
  );
  expect(await helm("upgrade", "capstan", chartFolder, "--set=crlServer.enabled=false")).toContain("REVISION: 2");
  expect(await kubectl(["get", "deployments", "-n", namespace, "-o", "name"])).not.toContain("crl-server");
  await helm("uninstall", "capstan");
  expect(await kubectl(["get", "deployments,roles,clusterroles", "-A", "-o", "name"])).not.toContain("capstan-issuer");
  expect((await kubectl(["get", "crd", "-o", "name"])).match(/capstan\.dev/g)).toHaveLength(8);
});
