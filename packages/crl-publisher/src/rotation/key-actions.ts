import { crlKeys, generationName } from "@capstan/api";
import type { RotationAction } from "@capstan/ca-core";
import { formatTime } from "@capstan/kube";
import { writeStatus } from "../authority/write-status.ts";
import { type ConfigMap, configMapResource } from "../crl/config-map.ts";
import type { CarryOut } from "./carry-out.ts";
import { generationOf } from "./seen.ts";

type ActionOf<K extends RotationAction["do"]> = Extract<RotationAction, { readonly do: K }>;

/**
 * Generations that are not in status yet are found by their numbers, which follow on the highest that is. So a number that
 * follows on one seen in AWS alone is used only once that is in status.
 */
export async function makeGeneration(
  { options, seen, signal }: CarryOut,
  { generation, at }: ActionOf<"MakeGeneration">,
): Promise<void> {
  const { authority, highestNumber } = seen;
  if (generation === highestNumber + 1) return options.generations.make(authority, generation, signal);
  const highestGeneration = generation - 1;
  const status = { ...authority.status, highestGeneration, highWater: formatTime(at) };
  return writeStatus(options.client, authority, status, signal);
}

/** What relying parties may still ask about is kept: root and last CRL are in a ConfigMap, which stays. */
export async function destroyKey(
  { options, seen, signal }: CarryOut,
  { generation }: ActionOf<"DestroyKey">,
): Promise<void> {
  const { client, namespace } = options;
  const { name } = seen.authority.metadata;
  const ref = { namespace, name: generationName(name, generation) };
  const kept = await client.getOrUndefined<ConfigMap>(configMapResource, ref, { signal });
  const { found } = generationOf(seen, generation);
  if (kept !== undefined && kept.data?.[crlKeys.root] === undefined && found.is === "Present") {
    // Somebody has taken it away, and it would be lost with the key.
    const data = { ...kept.data, [crlKeys.root]: found.generation.root.pem };
    await client.replace<ConfigMap>(configMapResource, { ...kept, data }, { signal });
  }
  await options.generations.destroy(name, generation, signal);
}
