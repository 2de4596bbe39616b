import type { KubeObject, ResourceType } from "@capstan/kube";

export const podResource: ResourceType = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true };

interface SecretName {
  readonly name?: string;
}

interface Container {
  readonly env?: readonly { readonly valueFrom?: { readonly secretKeyRef?: SecretName } }[];
  readonly envFrom?: readonly { readonly secretRef?: SecretName }[];
}

export interface Pod extends KubeObject {
  readonly spec?: {
    readonly volumes?: readonly {
      readonly secret?: { readonly secretName?: string };
      readonly projected?: { readonly sources?: readonly { readonly secret?: SecretName }[] };
      readonly csi?: { readonly driver?: string };
    }[];
    readonly containers?: readonly Container[];
    readonly initContainers?: readonly Container[];
  };
}

const csiDriver = "csi.cert-manager.io";

/** Whether cert-manager's csi-driver gives the pod certificates. */
export function hasCertificateVolume({ spec }: Pod): boolean {
  return spec?.volumes?.some(({ csi }) => csi?.driver === csiDriver) === true;
}

/** Names of the Secrets that a pod's containers can read, each once. */
export function secretsOfPod({ spec }: Pod): readonly string[] {
  const mounted = (spec?.volumes ?? []).flatMap(({ secret, projected }) => [
    secret?.secretName,
    ...(projected?.sources ?? []).map((source) => source.secret?.name),
  ]);
  const inEnvironment = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].flatMap(({ env, envFrom }) => [
    ...(env ?? []).map(({ valueFrom }) => valueFrom?.secretKeyRef?.name),
    ...(envFrom ?? []).map(({ secretRef }) => secretRef?.name),
  ]);
  return [...new Set([...mounted, ...inEnvironment].filter((name) => name !== undefined))];
}
