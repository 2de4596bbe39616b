import { parseArgs } from "node:util";
import type { Setting } from "@capstan/kube";
import { type Pod, podResource } from "./resources.ts";
import type { World } from "./world.ts";

/**
 * A setting of the issuer controller as its pods are started with it: one value of each pod, since they differ in a roll-out;
 * the setting's default where there is no pod.
 *
 * @throws {Unreadable}
 */
export async function issuerSetting<T>(world: World, setting: Setting<T>): Promise<readonly T[]> {
  const pods = await world.list<Pod>(podResource, { namespace: world.capstanNamespace });
  const values = pods.filter(isOfIssuerController).flatMap((pod) => valueIn(pod, setting));
  return values.length > 0 ? values : [setting.parse(setting.default)];
}

function isOfIssuerController({ metadata: { labels = {}, deletionTimestamp }, status }: Pod): boolean {
  const hasEnded = status?.phase === "Failed" || status?.phase === "Succeeded" || deletionTimestamp !== undefined;
  return labels["app.kubernetes.io/name"] === "issuer-controller" && !hasEnded;
}

function valueIn<T>({ spec }: Pod, { flag, default: fallback, parse }: Setting<T>): readonly T[] {
  // A container beside it, as of a service mesh, has flags of its own.
  const container = spec?.containers?.find(({ name }) => name === "issuer-controller");
  const args = [...(container?.args ?? [])];
  const { tokens } = parseArgs({ args, options: { [flag]: { type: "string" } }, strict: false, tokens: true });
  const given = tokens.find((token) => token.kind === "option" && token.name === flag);
  try {
    return [parse((given?.kind === "option" ? given.value : undefined) ?? fallback)];
  } catch {
    // Its program has refused that, and ended.
    return [];
  }
}
