import { setTimeout as delay } from "node:timers/promises";
import {
  KubeApiError,
  KubeClient,
  type KubeConnection,
  type KubeObject,
  loadKubeConnection,
  type ResourceType,
} from "@capstan/kube";
import type { Environment } from "./environment.ts";
import { makeCsr } from "./requests.ts";

/** Where the steps of the RBAC test happen, and what they are done with. */
export interface Lab {
  readonly environment: Environment;
  readonly admin: KubeClient;
  /** A PKCS#10 request for CN=web.demo, base64 of its PEM. */
  readonly csr: string;
  /** `prefix-1`, `prefix-2`, …: each step makes objects of its own. */
  readonly unique: (prefix: string) => string;
  /** A client that acts as somebody else. It belongs to the lab. */
  readonly actAs: (user: string) => KubeClient;
  readonly close: () => Promise<void>;
}

export async function openLab(environment: Environment): Promise<Lab> {
  const connection = loadKubeConnection({ kubeconfig: environment.cluster.adminKubeconfig, env: {} });
  const clients: KubeClient[] = [];
  const clientFor = (to: KubeConnection): KubeClient => {
    const client = new KubeClient(to, { userAgent: "rbac-test" });
    clients.push(client);
    return client;
  };
  let count = 0;
  return {
    environment,
    admin: clientFor(connection),
    csr: Buffer.from(await makeCsr({ subject: "/CN=web.demo", key: "ec:P-256" })).toString("base64"),
    unique: (prefix) => {
      count += 1;
      return `${prefix}-${count}`;
    },
    actAs: (user) =>
      clientFor({
        ...connection,
        credentials: async () => {
          const { headers, tls } = await connection.credentials();
          return { headers: { ...headers, "impersonate-user": user }, tls };
        },
      }),
    close: async () => {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}

/** Asks until the answer is not undefined. Ends only with an answer or when the signal aborts. */
export async function eventually<T>(signal: AbortSignal, look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    const answer = await look();
    if (answer !== undefined) return answer;
    await delay(50, undefined, { signal });
  }
}

/** The HTTP status of a call's refusal, or 200. */
export async function statusOf(call: Promise<unknown>): Promise<number> {
  try {
    await call;
    return 200;
  } catch (error) {
    if (error instanceof KubeApiError) return error.code;
    throw error;
  }
}

export const ownNamespace = "capstan-system";

const capstan = { group: "capstan.dev", version: "v1alpha1" } as const;

/** The kinds that the steps touch. */
export const kinds = {
  authority: { ...capstan, plural: "certificateauthorities", kind: "CertificateAuthority", namespaced: false },
  clusterIssuer: { ...capstan, plural: "capstanclusterissuers", kind: "CapstanClusterIssuer", namespaced: false },
  issuer: { ...capstan, plural: "capstanissuers", kind: "CapstanIssuer", namespaced: true },
  mark: { ...capstan, plural: "generationmarks", kind: "GenerationMark", namespaced: true },
  operation: { ...capstan, plural: "authorityoperations", kind: "AuthorityOperation", namespaced: true },
  record: { ...capstan, plural: "issuedcertificates", kind: "IssuedCertificate", namespaced: true },
  revocation: { ...capstan, plural: "revocations", kind: "Revocation", namespaced: true },
  request: {
    group: "cert-manager.io",
    version: "v1",
    plural: "certificaterequests",
    kind: "CertificateRequest",
    namespaced: true,
  },
  certificate: {
    group: "cert-manager.io",
    version: "v1",
    plural: "certificates",
    kind: "Certificate",
    namespaced: true,
  },
  pod: { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true },
  configMap: { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap", namespaced: true },
  signingRequest: {
    group: "certificates.k8s.io",
    version: "v1",
    plural: "certificatesigningrequests",
    kind: "CertificateSigningRequest",
    namespaced: false,
  },
  event: { group: "events.k8s.io", version: "v1", plural: "events", kind: "Event", namespaced: true },
  lease: { group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease", namespaced: true },
} as const satisfies Record<string, ResourceType>;

/** An object as it is stored. */
export interface Stored extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[];
  };
}

export function conditionOf(object: Stored | undefined, type: string): { status: string; reason?: string } | undefined {
  return object?.status?.conditions?.find((condition) => condition.type === type);
}
