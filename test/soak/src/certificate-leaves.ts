import { createPrivateKey } from "node:crypto";
import { type KubeClient, type KubeObject, type Logger, Reflector, type ResourceType } from "@capstan/kube";
import { type HeldLeaf, type LeafSource, readHeldLeaf } from "./held-leaf.ts";
import { authorityName, workloadNamespace as namespace } from "./places.ts";
import { untilAborted } from "./until-aborted.ts";

const certificateResource: ResourceType = {
  group: "cert-manager.io",
  version: "v1",
  plural: "certificates",
  kind: "Certificate",
  namespaced: true,
};
const secretResource: ResourceType = { group: "", version: "v1", plural: "secrets", kind: "Secret", namespaced: true };

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/**
 * Certificates of cert-manager, each with its own key. It counts by real time, by which no leaf of a run is ever due, so this
 * orders each renewal as `cmctl renew` does.
 */
export class CertificateLeaves implements LeafSource {
  readonly #client: KubeClient;
  readonly #duration: string;
  readonly #secrets: Reflector<Secret>;
  readonly #waiting = new Map<string, { readonly before: string; readonly resolve: (secret: Secret) => void }>();
  readonly #stop = new AbortController();

  constructor(options: { readonly client: KubeClient; readonly log: Logger; readonly duration: string }) {
    this.#client = options.client;
    this.#duration = options.duration;
    this.#secrets = new Reflector({ ...options, type: secretResource, namespace });
    this.#secrets.onChange((_key, { current }) => {
      if (current === undefined) return;
      const waiting = this.#waiting.get(current.metadata.name);
      const certificate = current.data?.["tls.crt"] ?? "";
      if (waiting !== undefined && certificate !== "" && certificate !== waiting.before) waiting.resolve(current);
    });
    void this.#secrets.run(this.#stop.signal);
  }

  readonly obtain = async (workload: string, signal: AbortSignal): Promise<HeldLeaf> => {
    const before = this.#secrets.store.get(`${namespace}/${workload}`)?.data?.["tls.crt"];
    const renewed = new Promise<Secret>((resolve) => this.#waiting.set(workload, { before: before ?? "", resolve }));
    try {
      await (before === undefined ? this.#create(workload, signal) : this.#renew(workload, signal));
      const { data = {} } = await untilAborted(renewed, signal);
      const [certificatePem, rootPem, keyPem] = ["tls.crt", "ca.crt", "tls.key"].map((key) =>
        Buffer.from(data[key] ?? "", "base64").toString("utf8"),
      );
      return readHeldLeaf({
        certificatePem: certificatePem ?? "",
        rootPem: rootPem ?? "",
        privateKey: createPrivateKey(keyPem ?? ""),
      });
    } finally {
      this.#waiting.delete(workload);
    }
  };

  stop(): void {
    this.#stop.abort();
  }

  async #create(name: string, signal: AbortSignal): Promise<void> {
    const spec = {
      secretName: name,
      commonName: `${name}.${namespace}`,
      duration: this.#duration,
      // Which no leaf comes near, by cert-manager's clock.
      renewBefore: "5m",
      privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
      usages: ["digital signature", "client auth"],
      issuerRef: { group: "capstan.dev", kind: "CapstanClusterIssuer", name: authorityName },
    };
    await this.#client.create(certificateResource, { ...head(name), spec }, { signal });
  }

  async #renew(name: string, signal: AbortSignal): Promise<void> {
    const lastTransitionTime = `${new Date().toISOString().slice(0, 19)}Z`;
    const issuing = {
      type: "Issuing",
      status: "True",
      reason: "ManuallyTriggered",
      message: "Soak",
      lastTransitionTime,
    };
    await this.#client.apply(
      certificateResource,
      { ...head(name), status: { conditions: [issuing] } },
      { fieldManager: "soak", force: true, subresource: "status", signal },
    );
  }
}

function head(name: string): {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly namespace: string; readonly name: string };
} {
  return { apiVersion: "cert-manager.io/v1", kind: certificateResource.kind, metadata: { namespace, name } };
}
