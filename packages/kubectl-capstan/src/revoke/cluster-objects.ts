import { type KubeClient, type KubeObject, type ListOptions, type ResourceType } from "@capstan/kube";
import { missingRight } from "../explain-error.ts";
import { type CertificateRequest, certificateRequestResource } from "./cert-manager.ts";
import { type Pod, podResource } from "./pod.ts";

export interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export const secretResource: ResourceType = {
  group: "",
  version: "v1",
  plural: "secrets",
  kind: "Secret",
  namespaced: true,
};

/** A namespace's objects that several targets are looked up in: each list is read once. */
export interface NamespaceLists {
  readonly requests: () => Promise<readonly CertificateRequest[]>;
  /** The same, and none for who may not read them. */
  readonly requestsIfAllowed: () => Promise<readonly CertificateRequest[]>;
  readonly pods: () => Promise<readonly Pod[]>;
  /** The same, and none for who may not read them: it is told how many pods a Secret serves, and no more. */
  readonly podsIfAllowed: () => Promise<readonly Pod[]>;
}

export function namespaceLists(client: KubeClient, namespace: string): NamespaceLists {
  const once = <T extends KubeObject>(type: ResourceType): (() => Promise<readonly T[]>) => {
    let reading: Promise<readonly T[]> | undefined;
    const options: ListOptions = { namespace };
    return () => (reading ??= client.listAll<T>(type, options).then(({ items }) => items));
  };
  const pods = once<Pod>(podResource);
  const requests = once<CertificateRequest>(certificateRequestResource);
  return { requests, requestsIfAllowed: noneIfRefused(requests), pods, podsIfAllowed: noneIfRefused(pods) };
}

function noneIfRefused<T>(read: () => Promise<readonly T[]>): () => Promise<readonly T[]> {
  return async () => {
    try {
      return await read();
    } catch (error) {
      if (missingRight(error) === undefined) throw error;
      return [];
    }
  };
}
