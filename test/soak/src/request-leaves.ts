import "reflect-metadata";
import { createPrivateKey, type KeyObject, webcrypto } from "node:crypto";
import { type KubeClient, type KubeObject, type Logger, Reflector, type ResourceType } from "@capstan/kube";
import * as x509 from "@peculiar/x509";
import { type HeldLeaf, type LeafSource, readHeldLeaf } from "./held-leaf.ts";
import { authorityName, workloadNamespace as namespace } from "./places.ts";
import { untilAborted } from "./until-aborted.ts";

const requestResource: ResourceType = {
  group: "cert-manager.io",
  version: "v1",
  plural: "certificaterequests",
  kind: "CertificateRequest",
  namespaced: true,
};

interface CertificateRequest extends KubeObject {
  readonly status?: {
    /** Base64 of PEM. */
    readonly certificate?: string;
    readonly ca?: string;
    readonly conditions?: readonly { readonly type: string; readonly reason?: string; readonly message?: string }[];
  };
}

x509.cryptoProvider.set(webcrypto as Parameters<typeof x509.cryptoProvider.set>[0] & object);
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** Bare requests, which this approves itself where cert-manager's controller does not run. */
export class RequestLeaves implements LeafSource {
  readonly #client: KubeClient;
  readonly #duration: string;
  readonly #areApproved: boolean;
  readonly #requests: Reflector<CertificateRequest>;
  readonly #waiting = new Map<string, (request: CertificateRequest) => void>();
  /** A key for each workload: making keys is not what is tried. */
  readonly #keys = new Map<string, Promise<{ readonly csr: string; readonly privateKey: KeyObject }>>();
  readonly #stop = new AbortController();
  #count = 0;

  constructor(options: {
    readonly client: KubeClient;
    readonly log: Logger;
    readonly duration: string;
    /** Whether somebody else approves them. Default: nobody does. */
    readonly areApproved?: boolean;
  }) {
    this.#client = options.client;
    this.#areApproved = options.areApproved ?? false;
    this.#duration = options.duration;
    this.#requests = new Reflector({ ...options, type: requestResource, namespace });
    this.#requests.onChange((_key, { current }) => {
      if (current !== undefined && isFinal(current)) this.#waiting.get(current.metadata.name)?.(current);
    });
    void this.#requests.run(this.#stop.signal);
  }

  readonly obtain = async (workload: string, signal: AbortSignal): Promise<HeldLeaf> => {
    const { csr, privateKey } = await this.#keyOf(workload);
    this.#count += 1;
    const name = `${workload}-${this.#count}`;
    const answered = new Promise<CertificateRequest>((resolve) => this.#waiting.set(name, resolve));
    try {
      await this.#client.create(requestResource, { ...head(name), spec: this.#specOf(csr) }, { signal });
      if (!this.#areApproved) await this.#approve(name, signal);
      const { status = {} } = await untilAborted(answered, signal);
      if (status.certificate === undefined) {
        const said = status.conditions?.map(({ type, reason, message }) => `${type} ${reason ?? ""}: ${message ?? ""}`);
        throw new Error(`CertificateRequest ${name} got no leaf: ${said?.join("; ") ?? "nothing was said"}`);
      }
      return readHeldLeaf({ certificatePem: text(status.certificate), rootPem: text(status.ca ?? ""), privateKey });
    } finally {
      this.#waiting.delete(name);
      // So that thousands do not stay. It is of no interest how that ends.
      this.#client.delete(requestResource, { namespace, name }).catch(() => {});
    }
  };

  stop(): void {
    this.#stop.abort();
  }

  #specOf(csr: string): unknown {
    return {
      issuerRef: { group: "capstan.dev", kind: "CapstanClusterIssuer", name: authorityName },
      request: csr,
      duration: this.#duration,
      usages: ["digital signature", "client auth"],
    };
  }

  async #approve(name: string, signal: AbortSignal): Promise<void> {
    const lastTransitionTime = `${new Date().toISOString().slice(0, 19)}Z`;
    const approved = { type: "Approved", status: "True", reason: "Soak", message: "Approved", lastTransitionTime };
    await this.#client.apply(
      requestResource,
      { ...head(name), status: { conditions: [approved] } },
      { fieldManager: "soak-approver", subresource: "status", signal },
    );
  }

  #keyOf(workload: string): Promise<{ readonly csr: string; readonly privateKey: KeyObject }> {
    const made = this.#keys.get(workload) ?? makeKey(`${workload}.${namespace}`);
    this.#keys.set(workload, made);
    return made;
  }
}

function head(name: string): {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly namespace: string; readonly name: string };
} {
  return { apiVersion: "cert-manager.io/v1", kind: requestResource.kind, metadata: { namespace, name } };
}

function isFinal({ status }: CertificateRequest): boolean {
  return (
    status?.certificate !== undefined ||
    status?.conditions?.some(({ type, reason }) => type === "Ready" && reason === "Failed") === true
  );
}

async function makeKey(commonName: string): Promise<{ readonly csr: string; readonly privateKey: KeyObject }> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: `CN=${commonName}`,
    keys,
    signingAlgorithm: algorithm,
  });
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    csr: Buffer.from(`${request.toString("pem").trimEnd()}\n`).toString("base64"),
    privateKey: createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" }),
  };
}

function text(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}
