import { type CertificateAuthority, generationName } from "@capstan/api";
import { assertRootUsable, type CaKey, importCaKey, readRoot, type Root } from "@capstan/ca-core";
import type { KubeClient, KubeObject } from "@capstan/kube";
import { NotYet } from "../requests/not-yet.ts";

const secretResource = { group: "", version: "v1", plural: "secrets", kind: "Secret", namespaced: true } as const;

/** The key that signs now. */
export interface SigningKey {
  readonly generation: number;
  readonly root: Root;
  readonly key: CaKey;
}

/** Active generations' keys, each read once from its immutable Secret. */
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
   * @throws {NotYet} when there is none, or it is not the one that the authority's status names
   */
  async activeKey(authority: CertificateAuthority, now: Date, signal: AbortSignal): Promise<SigningKey> {
    const { name } = authority.metadata;
    const active = authority.status?.generations?.find(({ number }) => number === authority.status?.activeGeneration);
    if (active?.fingerprint === undefined) throw new NotYet(`CertificateAuthority ${name} has no active generation`);
    const id = `${name}/${active.number}/${active.fingerprint}`;
    const signingKey = this.#keys.get(id) ?? (await this.#read(name, active.number, active.fingerprint, signal));
    assertRootUsable({ root: signingKey.root, signer: signingKey.key, now });
    this.#keys.set(id, signingKey);
    return signingKey;
  }

  async #read(authority: string, generation: number, fingerprint: string, signal: AbortSignal): Promise<SigningKey> {
    const name = generationName(authority, generation);
    const secret = await this.#client.getOrUndefined<KubeObject & { readonly data?: Readonly<Record<string, string>> }>(
      secretResource,
      { namespace: this.#namespace, name },
      { signal },
    );
    const [certificate, privateKey] = ["tls.crt", "tls.key"].map((key) => secret?.data?.[key]);
    if (certificate === undefined || privateKey === undefined) {
      throw new NotYet(`the key of CertificateAuthority ${authority}, generation ${generation}, is missing`);
    }
    const root = readRoot(Buffer.from(certificate, "base64").toString("utf8"));
    // Only what the publisher put into the trust anchors may sign.
    if (root.sha256 !== fingerprint) {
      throw new NotYet(
        `the key of CertificateAuthority ${authority}, generation ${generation}, is not the one in its trust anchors`,
      );
    }
    return { generation, root, key: importCaKey(Buffer.from(privateKey, "base64").toString("utf8")) };
  }
}
