import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Lab } from "./doctor-lab.ts";

/** A workload's in namespace demo. */
export function certificateOf(name: string, issuerName: string) {
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name, namespace: "demo" },
    spec: {
      secretName: `${name}-tls`,
      commonName: `${name}.demo`,
      duration: "24h",
      privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
      usages: ["client auth", "digital signature"],
      issuerRef: { group: "capstan.dev", kind: "CapstanClusterIssuer", name: issuerName },
    },
  };
}

/** Of a second workload, which is issued. */
export const apiCertificate = certificateOf("api", "fleet");

/** A further issuer of authority fleet. */
export function issuer(name: string, spec: Readonly<Record<string, unknown>>): unknown {
  return {
    apiVersion: "capstan.dev/v1alpha1",
    kind: "CapstanClusterIssuer",
    metadata: { name },
    spec: { caRef: { name: "fleet" }, policy: { commonName: { allow: ["*.{namespace}"] } }, ...spec },
  };
}

/** A pod that nothing starts. */
export function pod(
  name: string,
  namespace: string,
  container: Readonly<Record<string, unknown>>,
  spec: Readonly<Record<string, unknown>> = {},
): unknown {
  const securityContext = {
    runAsNonRoot: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    seccompProfile: { type: "RuntimeDefault" },
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace },
    spec: { containers: [{ name: "main", image: "example.org/nothing:1", securityContext, ...container }], ...spec },
  };
}

/** Takes something away, and keeps it to put it back. */
export async function takeAway({ kubectl, environment }: Lab, kind: string, name: string): Promise<void> {
  const object = JSON.parse(await kubectl(["get", kind, name, "-o", "json"])) as { metadata: Record<string, unknown> };
  for (const field of ["uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"])
    delete object.metadata[field];
  await writeFile(path.join(environment.cluster.directory, `${kind}.json`), JSON.stringify(object));
  await kubectl(["delete", kind, name]);
}

/** Puts it back. */
export async function putBack({ kubectl, environment }: Lab, kind: string): Promise<void> {
  const file = path.join(environment.cluster.directory, `${kind}.json`);
  await kubectl(["create", "-f", "-"], JSON.parse(await readFile(file, "utf8")));
}

export const approvalBinding = "cert-manager-controller-approve:capstan-dev";
export const patch = (kind: string, name: string, change: unknown): readonly string[] => [
  "patch",
  kind,
  name,
  "--type=json",
  "-p",
  JSON.stringify(change),
];
export const replace = (at: string, value: unknown): readonly unknown[] => [{ op: "replace", path: at, value }];

/** cert-manager's csi-driver, as its chart announces it. */
export function csiDriver(tokenRequests: readonly { readonly audience: string }[]): unknown {
  return {
    apiVersion: "storage.k8s.io/v1",
    kind: "CSIDriver",
    metadata: { name: "csi.cert-manager.io" },
    spec: { attachRequired: false, podInfoOnMount: true, volumeLifecycleModes: ["Ephemeral"], tokenRequests },
  };
}
