import { crlKeys, generationName, type RevocationList, revocationListResource } from "@capstan/api";
import { CaError, type GenerationPhase } from "@capstan/ca-core";
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

/** In these phases anchors may hold a generation's root, so that its CRL has to be kept up. */
export const HAS_CRL: ReadonlySet<GenerationPhase> = new Set(["Pending", "Published", "Active", "Draining"]);

/** The newest CRL of each generation, as this process knows it. */
export class CrlBook {
  readonly #known = new Map<string, KnownCrl>();

  of(authority: string, number: number): KnownCrl | undefined {
    return this.#known.get(generationName(authority, number));
  }

  /**
   * Makes the CRL of a generation say what the ledger says. One without a key, or whose root has ended, has its last one, as it was stored.
   *
   * @param isBehind whether AWS holds a newer CRL than our state knows of: then no other one is made over it
   */
  async refresh(
    options: RotationOptions,
    { authority, time }: Seen,
    seen: SeenGeneration,
    isBehind: (number: bigint | undefined) => boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const { name } = authority.metadata;
    const { number, status, found } = seen;
    if (status === undefined || !HAS_CRL.has(status.phase)) return;
    // Who asks for the CRL of a root that has ended gets the last one: a root signs nothing beyond its end, and nobody takes its leaves.
    const hasEnded = options.now().getTime() >= seen.root.notAfter;
    const known =
      found.is === "Present" && !hasEnded
        ? await this.#publish(
            { ...options, now: () => earliestTime({ ...time, own: options.now().getTime() }) },
            name,
            found.generation,
            isBehind,
            signal,
          )
        : await this.#last(options, name, number, signal);
    this.#known.set(generationName(name, number), known);
  }

  async #publish(
    options: RotationOptions,
    authority: string,
    generation: Parameters<typeof publishCrl>[0]["generation"],
    isBehind: (number: bigint | undefined) => boolean,
    signal: AbortSignal,
  ): Promise<KnownCrl> {
    const { number, root } = generation;
    await options.generations.ensureList(authority, number, signal);
    const before = await this.#last(options, authority, number, signal);
    if (isBehind(before.number)) return before;
    try {
      const stored = await publishCrl({
        ...options,
        authority,
        generation,
        revoked: options.records
          .byIndex("authority", authority)
          .filter(({ spec, status }) => spec.generation === number && status?.revoked !== undefined),
        highestReadBack: options.readings.highestCrlNumber(authority, number),
        signal,
      });
      return { number: stored.number, stored, capacity: stored.capacity, rootPem: root.pem, problem: undefined };
    } catch (error) {
      if (!(error instanceof CrlRefused || error instanceof GenerationSealed || error instanceof CaError)) throw error;
      // What is published stays.
      options.log.error({ authority, generation: number, err: error }, "a CRL could not be made");
      return { ...before, problem: error.message };
    }
  }

  async #last(
    { client, namespace }: RotationOptions,
    authority: string,
    number: number,
    signal: AbortSignal,
  ): Promise<KnownCrl> {
    const ref = { namespace, name: generationName(authority, number) };
    const [list, configMap] = await Promise.all([
      client.getOrUndefined<RevocationList>(revocationListResource, ref, { signal }),
      client.getOrUndefined<ConfigMap>(configMapResource, ref, { signal }),
    ]);
    const stored = configMap === undefined ? undefined : readStored(configMap);
    const reserved = BigInt(list?.spec.crlNumber ?? 0);
    const highest = [reserved, stored?.number ?? 0n].reduce((left, right) => (left > right ? left : right));
    return {
      number: highest === 0n ? undefined : highest,
      stored,
      capacity: undefined,
      rootPem: configMap?.data?.[crlKeys.root],
      problem: undefined,
    };
  }
}
