import { crlKeys, generationName, type RevocationList, revocationListResource } from "@capstan/api";
import { CaError, type GenerationPhase } from "@capstan/ca-core";
import { KubeApiError } from "@capstan/kube";
import { GenerationSealed } from "../credentials/mint-own-leaf.ts";
import { type ConfigMap, configMapResource } from "../crl/config-map.ts";
import type { CrlCapacity } from "../crl/crl-capacity.ts";
import { CrlRefused, publishCrl, readStored, type StoredCrl } from "../crl/publish-crl.ts";
import { earliestTime } from "../earliest-time.ts";
import type { RotationOptions } from "./rotation-options.ts";
import type { Seen, SeenGeneration } from "./seen.ts";

/** What is known of a generation's CRLs. */
export interface KnownCrl {
  /** The highest number that our own state holds; undefined before the first CRL. */
  readonly number: bigint | undefined;
  /** The newest that was checked and stored. */
  readonly stored: StoredCrl | undefined;
  /** How much room it has left; undefined when no other one is made after it. */
  readonly capacity: CrlCapacity | undefined;
  /** The root in PEM, as it was stored with the CRL: what is left when the key is gone. */
  readonly rootPem: string | undefined;
  /** Why there is none, or no newer one. */
  readonly problem: string | undefined;
}

/** What is known of a generation's CRLs in AWS. */
export interface KnownOfAws {
  /** Whether AWS holds a newer CRL than this: then no other one is made over it. */
  readonly isBehind: (number: bigint | undefined) => boolean;
  /** Whether every trust anchor was read. */
  readonly areAnchorsRead: boolean;
}

/** In these phases anchors may hold a generation's root, so that its CRL has to be kept up. */
export const HAS_CRL: ReadonlySet<GenerationPhase> = new Set(["Pending", "Published", "Active", "Draining"]);

/** What the API server refuses as often as it is asked. */
const lastingCodes: ReadonlySet<number> = new Set([400, 403, 413, 422]);

/** What a person must see to, while everything else goes on. */
function isProblem(error: unknown): error is Error {
  if (error instanceof KubeApiError) return lastingCodes.has(error.code);
  return error instanceof CrlRefused || error instanceof GenerationSealed || error instanceof CaError;
}

/** The newest CRL of each generation, as this process knows it. */
export class CrlBook {
  readonly #known = new Map<string, KnownCrl>();

  of(authority: string, number: number): KnownCrl | undefined {
    return this.#known.get(generationName(authority, number));
  }

  /**
   * Makes the CRL of a generation say what the ledger says. One without a key, or whose root has ended, has its last one, as
   * it was stored; so does one that is done, since a trust anchor that comes back may hold it.
   */
  async refresh(
    options: RotationOptions,
    { authority, time }: Seen,
    seen: SeenGeneration,
    aws: KnownOfAws,
    signal: AbortSignal,
  ): Promise<void> {
    const { name } = authority.metadata;
    const { number, status, found } = seen;
    if (status === undefined) return;
    const isKeptUp = HAS_CRL.has(status.phase);
    if (!isKeptUp && this.of(name, number) !== undefined) return;
    // Who asks for the CRL of a root that has ended gets the last one: a root signs nothing beyond its end, and nobody takes its leaves.
    const now = (): Date => earliestTime({ ...time, own: options.now().getTime() });
    const hasEnded = now().getTime() >= seen.root.notAfter;
    const known =
      isKeptUp && found.is === "Present" && !hasEnded
        ? await this.#publish({ ...options, now }, name, found.generation, aws, signal)
        : await this.#last(options, name, number, signal);
    this.#known.set(generationName(name, number), known);
  }

  /** The next refresh reads it anew. */
  forget(authority: string, number: number): void {
    this.#known.delete(generationName(authority, number));
  }

  async #publish(
    options: RotationOptions,
    authority: string,
    generation: Parameters<typeof publishCrl>[0]["generation"],
    { isBehind, areAnchorsRead }: KnownOfAws,
    signal: AbortSignal,
  ): Promise<KnownCrl> {
    const { number, root } = generation;
    const before = await this.#last(options, authority, number, signal);
    if (isBehind(before.number) || before.problem !== undefined) return before;
    try {
      await options.generations.ensureList(authority, number, signal);
      const stored = await publishCrl({
        ...options,
        authority,
        generation,
        revoked: options.records
          .byIndex("authority", authority)
          .filter(({ spec, status }) => spec.generation === number && status?.revoked !== undefined),
        highestReadBack: options.readings.highestCrlNumber(authority, number),
        areAnchorsRead,
        signal,
      });
      return { number: stored.number, stored, capacity: stored.capacity, rootPem: root.pem, problem: undefined };
    } catch (error) {
      if (!isProblem(error)) throw error;
      // What is published stays.
      options.log.error({ authority, generation: number, err: error }, "a CRL could not be made");
      return { ...before, problem: error.message };
    }
  }

  async #last(
    { client, namespace, log }: RotationOptions,
    authority: string,
    number: number,
    signal: AbortSignal,
  ): Promise<KnownCrl> {
    const ref = { namespace, name: generationName(authority, number) };
    const [list, configMap] = await Promise.all([
      client.getOrUndefined<RevocationList>(revocationListResource, ref, { signal }),
      client.getOrUndefined<ConfigMap>(configMapResource, ref, { signal }),
    ]);
    let stored: StoredCrl | undefined;
    let problem: string | undefined;
    try {
      stored = configMap === undefined ? undefined : readStored(configMap);
    } catch (error) {
      if (!(error instanceof CaError)) throw error;
      problem = `ConfigMap ${ref.name} holds no CRL that can be read (${error.message}); restore it, or delete it: the CRL is made anew from RevocationList ${ref.name}`;
      log.error({ authority, generation: number, err: error }, "the stored CRL cannot be read");
    }
    const reserved = BigInt(list?.spec.crlNumber ?? 0);
    const highest = [reserved, stored?.number ?? 0n].reduce((left, right) => (left > right ? left : right));
    return {
      number: highest === 0n ? undefined : highest,
      stored,
      capacity: undefined,
      rootPem: configMap?.data?.[crlKeys.root],
      problem,
    };
  }
}
