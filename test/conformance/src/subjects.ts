import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { until } from "@capstan/test-cluster";
import type { Cluster } from "@capstan/test-cluster";
import { manifests } from "./places.ts";
import type { IssuerTemplate } from "./run-suite.ts";

/** Capstan's two kinds of issuer, over one authority without trust anchors. */
export async function prepareCapstan(cluster: Cluster): Promise<readonly IssuerTemplate[]> {
  await cluster.apply(["-f", path.join(manifests, "authority.yaml")]);
  await waitForReady(cluster, "certificateauthority/conformance");
  return [
    { kind: "CapstanIssuer", file: path.join(manifests, "capstan-issuer.yaml") },
    { kind: "CapstanClusterIssuer", file: path.join(manifests, "capstan-cluster-issuer.yaml") },
  ];
}

/** cert-manager's own CA issuer: a spec that fails here says something about the suite and not about Capstan. */
export async function prepareCertManager(cluster: Cluster): Promise<readonly IssuerTemplate[]> {
  await cluster.apply(["-f", path.join(manifests, "cert-manager-ca.yaml")]);
  await waitForReady(cluster, "certificate.cert-manager.io/conformance-ca", "cert-manager");
  return [
    { kind: "Issuer", file: await withSecret(cluster, "ca-issuer.yaml") },
    { kind: "ClusterIssuer", file: path.join(manifests, "ca-cluster-issuer.yaml") },
  ];
}

async function waitForReady(cluster: Cluster, object: string, namespace = "default"): Promise<void> {
  await until(`${object} to be Ready`, async () => {
    const wait = ["wait", "--for=condition=Ready", "--timeout=1s", `--namespace=${namespace}`, object];
    const { exitCode } = await cluster.kubectl(wait);
    return exitCode === 0 ? true : undefined;
  });
}

/** A namespaced issuer of cert-manager reads its root from its own namespace. */
async function withSecret(cluster: Cluster, template: string): Promise<string> {
  const read = await cluster.kubectl(["get", "secret", "conformance-ca", "--namespace=cert-manager", "-o", "json"]);
  const { data } = JSON.parse(read.stdout) as { readonly data: object };
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "conformance-ca" }, data };
  const file = path.join(cluster.directory, template);
  await writeFile(file, `${JSON.stringify(secret)}\n---\n${await readFile(path.join(manifests, template), "utf8")}`, {
    mode: 0o600,
  });
  return file;
}
