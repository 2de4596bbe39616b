import { type CertificateAuthority, generationName } from "@capstan/api";
import { assertRootUsable, CaError, type CaKey, importCaKey, readRoot, type Root } from "@capstan/ca-core";
import type { KubeClient, KubeObject } from "@capstan/kube";
import { NotYet } from "../requests/not-yet.ts";

const secretResource = { group: "", version: "v1", plural: "secrets", kind: "Secret", namespaced: true } as const;

/** A generation's key with its root. */
export interface SigningKey {
  readonly generation: number;
  readonly root: Root;
  readonly key: CaKey;
}

/** Keys of the generations that an authority's status names, each read once from its immutable Secret. */
export class KeyRing {
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #keys = new Map<string, SigningKey>();

  constructor(options: { readonly client: KubeClient; readonly namespace: string }) {
    this.#client = options.client;
    this.#namespace = options.namespace;
  }

  /**
   * The key of the authority's active generation, fit to sign at `now`.
   *
   * @throws {NotYet} when there is none, it is not the one that the authority's status names, or it is not valid now
   */
  async activeKey(authority: CertificateAuthority, now: Date, signal: AbortSignal): Promise<SigningKey> {
    const { activeGeneration } = authority.status ?? {};
    if (activeGeneration === undefined) {
      throw new NotYet(`CertificateAuthority ${authority.metadata.name} has no active generation`);
    }
    const signingKey = await this.#keyOf(authority, activeGeneration, signal);
    const place = `CertificateAuthority ${authority.metadata.name}, generation ${activeGeneration}`;
    healing(place, () => assertRootUsable({ root: signingKey.root, signer: signingKey.key, now }));
    return signingKey;
  }

  /**
   * The root of a generation that may be active no more.
   *
   * @throws {NotYet} when it cannot be had, or is not the one that the authority's status names
   */
  async root(authority: CertificateAuthority, generation: number, signal: AbortSignal): Promise<Root> {
    return (await this.#keyOf(authority, generation, signal)).root;
  }

  async #keyOf(authority: CertificateAuthority, generation: number, signal: AbortSignal): Promise<SigningKey> {
    const { name } = authority.metadata;
    const fingerprint = authority.status?.generations?.find(({ number }) => number === generation)?.fingerprint;
    if (fingerprint === undefined) {
      throw new NotYet(`CertificateAuthority ${name} does not say which root generation ${generation} has`);
    }
    const id = `${name}/${generation}/${fingerprint}`;
    const signingKey = this.#keys.get(id) ?? (await this.#read(name, generation, fingerprint, signal));
    this.#keys.set(id, signingKey);
    return signingKey;
  }

  async #read(authority: string, generation: number, fingerprint: string, signal: AbortSignal): Promise<SigningKey> {
    const place = `the key of CertificateAuthority ${authority}, generation ${generation},`;
    const secret = await this.#client.getOrUndefined<KubeObject & { readonly data?: Readonly<Record<string, string>> }>(
      secretResource,
      { namespace: this.#namespace, name: generationName(authority, generation) },
      { signal },
    );
    const [certificate, privateKey] = ["tls.crt", "tls.key"].map((key) => secret?.data?.[key]);
    if (certificate === undefined || privateKey === undefined) throw new NotYet(`${place} is missing`);
    return healing(`${place} cannot be used`, () => {
      const root = readRoot(textOf(certificate));
      // Only what the publisher put into the trust anchors may sign.
      if (root.sha256 !== fingerprint) throw new NotYet(`${place} is not the one in its trust anchors`);
      return { generation, root, key: importCaKey(textOf(privateKey)) };
    });
  }
}

/** A key that is not what it should be heals when the right one is restored: until then requests wait. */
function healing<T>(place: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof CaError) throw new NotYet(`${place}: ${error.message}`);
    throw error;
  }
}

function textOf(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}
