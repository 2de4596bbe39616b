import { type CertificateAuthority, generationName } from "@capstan/api";
import { assertRootUsable, CaError, type CaKey, importCaKey, readRoot, type Root } from "@capstan/ca-core";
import type { KubeClient, KubeObject } from "@capstan/kube";
import { IssuerBroken, NotYet } from "../requests/not-yet.ts";

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
   * @throws {NotYet} when the authority names none
   * @throws {IssuerBroken} when it is missing, not the one that the authority's status names, or not valid now
   */
  async activeKey(authority: CertificateAuthority, now: Date, signal: AbortSignal): Promise<SigningKey> {
    const { activeGeneration } = authority.status ?? {};
    if (activeGeneration === undefined) {
      throw new NotYet(`CertificateAuthority ${authority.metadata.name} has no active generation`);
    }
    const signingKey = await this.#keyOf(authority, activeGeneration, signal);
    const place = `CertificateAuthority ${authority.metadata.name}, generation ${activeGeneration}`;
    orBroken(place, () => assertRootUsable({ root: signingKey.root, signer: signingKey.key, now }));
    return signingKey;
  }

  /**
   * The active key as {@link activeKey} has it, but read anew from its Secret: what is gone from there would be missing
   * after a restart.
   */
  async reloadActiveKey(authority: CertificateAuthority, now: Date, signal: AbortSignal): Promise<SigningKey> {
    const prefix = `${authority.metadata.name}/${authority.status?.activeGeneration ?? 0}/`;
    for (const id of this.#keys.keys()) if (id.startsWith(prefix)) this.#keys.delete(id);
    return this.activeKey(authority, now, signal);
  }

  /** Reads the active key before it is asked for, so that a standby has it when it begins to lead. Tells nobody of failures. */
  async preload(authority: CertificateAuthority, signal: AbortSignal): Promise<void> {
    const { activeGeneration } = authority.status ?? {};
    if (activeGeneration === undefined) return;
    // Whoever needs it asks again, and is told then.
    await this.#keyOf(authority, activeGeneration, signal).catch(() => {});
  }

  /**
   * The root of a generation that may be active no more.
   *
   * @throws {NotYet} when it cannot be had, or is not the one that the authority's status names
   */
  async root(authority: CertificateAuthority, generation: number, signal: AbortSignal): Promise<Root> {
    try {
      return (await this.#keyOf(authority, generation, signal)).root;
    } catch (error) {
      // Whether the issuer can sign is the active key's affair.
      throw error instanceof IssuerBroken ? new NotYet(error.message) : error;
    }
  }

  async #keyOf(authority: CertificateAuthority, generation: number, signal: AbortSignal): Promise<SigningKey> {
    const { name } = authority.metadata;
    const fingerprint = authority.status?.generations?.find(({ number }) => number === generation)?.fingerprint;
    if (fingerprint === undefined) {
      throw new NotYet(`CertificateAuthority ${name} does not say which root generation ${generation} has`);
    }
    const id = `${name}/${generation}/${fingerprint}`;
    const signingKey = this.#keys.get(id) ?? (await this.#read(authority, generation, fingerprint, signal));
    this.#keys.set(id, signingKey);
    return signingKey;
  }

  async #read(
    { metadata: { name }, spec }: CertificateAuthority,
    generation: number,
    fingerprint: string,
    signal: AbortSignal,
  ): Promise<SigningKey> {
    const place = `the key of CertificateAuthority ${name}, generation ${generation},`;
    // What a trust anchor may hold is held to AWS's rules.
    const profile = (spec.trustAnchors ?? []).length > 0 ? "RolesAnywhere" : "General";
    const secret = await this.#client.getOrUndefined<KubeObject & { readonly data?: Readonly<Record<string, string>> }>(
      secretResource,
      { namespace: this.#namespace, name: generationName(name, generation) },
      { signal },
    );
    const [certificate, privateKey] = ["tls.crt", "tls.key"].map((key) => secret?.data?.[key]);
    if (certificate === undefined || privateKey === undefined) throw new IssuerBroken(`${place} is missing`);
    return orBroken(`${place} cannot be used`, () => {
      const root = readRoot(textOf(certificate), { profile });
      // Only what the publisher put into the trust anchors may sign.
      if (root.sha256 !== fingerprint) throw new IssuerBroken(`${place} is not the one in its trust anchors`);
      return { generation, root, key: importCaKey(textOf(privateKey)) };
    });
  }
}

/** A key that is not what it should be: nothing can be signed until the right one is restored. */
function orBroken<T>(place: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof CaError) throw new IssuerBroken(`${place}: ${error.message}`, { cause: error });
    throw error;
  }
}

function textOf(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}
