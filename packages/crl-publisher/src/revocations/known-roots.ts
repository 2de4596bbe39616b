import { X509Certificate } from "node:crypto";
import { crlKeys, generationName, type RevocationList } from "@capstan/api";
import { parseSerial, readRoot, type Root, type SerialHex } from "@capstan/ca-core";
import type { KubeClient, ReadonlyStore } from "@capstan/kube";
import { type ConfigMap, configMapResource } from "../crl/config-map.ts";

/** The root of a generation, whatever has become of its key. */
export interface KnownRoot {
  readonly authority: string;
  readonly generation: number;
  readonly serial: SerialHex;
  readonly root: Root;
  readonly certificate: X509Certificate;
}

/** The roots of all generations of all authorities, from where their CRLs are published. Each is read once: it never changes. */
export class KnownRoots {
  readonly #options: {
    readonly client: KubeClient;
    readonly namespace: string;
    /** There is one for each generation. */
    readonly lists: Pick<ReadonlyStore<RevocationList>, "list">;
  };
  readonly #known = new Map<string, KnownRoot>();

  constructor(options: {
    readonly client: KubeClient;
    readonly namespace: string;
    readonly lists: Pick<ReadonlyStore<RevocationList>, "list">;
  }) {
    this.#options = options;
  }

  /** Generations that have not published anything yet have no leaf to be revoked, and are left out. */
  async all(signal: AbortSignal): Promise<readonly KnownRoot[]> {
    const roots = await Promise.all(this.#options.lists.list().map(({ spec }) => this.#root(spec, signal)));
    return roots.filter((root) => root !== undefined);
  }

  /** The root of one generation, or undefined when it has published nothing. */
  of(
    generation: { readonly authority: string; readonly generation: number },
    signal: AbortSignal,
  ): Promise<KnownRoot | undefined> {
    return this.#root(generation, signal);
  }

  async #root(
    { authority, generation }: { readonly authority: string; readonly generation: number },
    signal: AbortSignal,
  ): Promise<KnownRoot | undefined> {
    const { client, namespace } = this.#options;
    const name = generationName(authority, generation);
    const before = this.#known.get(name);
    if (before !== undefined) return before;
    const map = await client.getOrUndefined<ConfigMap>(configMapResource, { namespace, name }, { signal });
    const pem = map?.data?.[crlKeys.root];
    if (pem === undefined) return undefined;
    const certificate = new X509Certificate(pem);
    const known = {
      authority,
      generation,
      serial: parseSerial(certificate.serialNumber),
      root: readRoot(pem, { profile: "General" }),
      certificate,
    };
    this.#known.set(name, known);
    return known;
  }
}
