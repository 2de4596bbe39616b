import "reflect-metadata";
import { createHash, webcrypto } from "node:crypto";
import { formatDuration } from "@capstan/api";
import type { KubeClient, KubeObject, ResourceType } from "@capstan/kube";
import * as x509 from "@peculiar/x509";

export const requestResource: ResourceType = {
  group: "cert-manager.io",
  version: "v1",
  plural: "certificaterequests",
  kind: "CertificateRequest",
  namespaced: true,
};

export const requestNamespace = "default";

/** A CertificateRequest, as far as these tests look. */
export interface CertificateRequest extends KubeObject {
  readonly status?: {
    /** Base64 of PEM. */
    readonly certificate?: string;
    readonly conditions?: readonly { readonly type: string; readonly reason?: string; readonly message?: string }[];
  };
}

/** What will be asked for, and what its leaf must then hold. */
export interface PlannedRequest {
  readonly name: string;
  /** The same as the name: a leaf that reaches another request shows. */
  readonly commonName: string;
  readonly csr: string;
  /** SHA-256 of the SubjectPublicKeyInfo, hex. Each has a key of its own. */
  readonly keySha256: string;
  readonly durationMs: number;
}

x509.cryptoProvider.set(webcrypto as Parameters<typeof x509.cryptoProvider.set>[0] & object);

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** A request with a new key. */
export async function planRequest(name: string, durationMs: number): Promise<PlannedRequest> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
  });
  const spki = new Uint8Array(request.publicKey.rawData);
  return {
    name,
    commonName: name,
    csr: `${request.toString("pem").trimEnd()}\n`,
    keySha256: createHash("sha256").update(spki).digest("hex"),
    durationMs,
  };
}

/** Creates it; cert-manager's approver approves it. */
export async function createRequest(client: KubeClient, { name, csr, durationMs }: PlannedRequest): Promise<void> {
  const manifest = {
    apiVersion: "cert-manager.io/v1",
    kind: "CertificateRequest",
    metadata: { namespace: requestNamespace, name },
    spec: {
      issuerRef: { group: "capstan.dev", kind: "CapstanClusterIssuer", name: "faults" },
      request: Buffer.from(csr).toString("base64"),
      duration: formatDuration(durationMs),
      usages: ["digital signature", "client auth"],
    },
  };
  await client.create(requestResource, manifest);
}

const hourMs = 3_600_000;

/**
 * Durations that only rise. A mark is raised an hour further than a leaf needs, so with steps of over an hour each
 * request raises it, and with shorter ones every few.
 */
export function risingDuration(index: number, stepMs: number): number {
  return hourMs + index * stepMs;
}
