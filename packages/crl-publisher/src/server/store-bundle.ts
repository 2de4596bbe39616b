import { authorityLabel, bundleKey, bundleName, type CertificateAuthority, publishedLabel } from "@capstan/api";
import { formatTime, type KubeClient } from "@capstan/kube";
import { type ConfigMap, configMapResource } from "../crl/config-map.ts";

type Phase = NonNullable<NonNullable<CertificateAuthority["status"]>["generations"]>[number]["phase"];

/** A generation as far as trusting it goes. */
export interface TrustedGeneration {
  readonly number: number;
  readonly phase: Phase;
  readonly rootPem: string;
}

/**
 * Whether relying parties should trust a root in this phase: from before the first leaf of it to after the last one. A Pending
 * one has signed nothing, and may yet be abandoned.
 */
const isTrusted: Readonly<Record<Phase, boolean>> = {
  Pending: false,
  Published: true,
  Active: true,
  Draining: true,
  Retired: false,
  Destroyed: false,
  Abandoned: false,
};

/** Annotation on the bundle: when its roots last changed, for Last-Modified. */
export const changedAtAnnotation = "capstan.dev/changed-at";

/**
 * The roots that relying parties should trust now, oldest generation first, so that the same roots are always the same bytes.
 *
 * @example
 * trustedRoots([{ number: 2, phase: "Pending", rootPem: "two" }, { number: 1, phase: "Active", rootPem: "one" }]) // ["one"]
 */
export function trustedRoots(generations: readonly TrustedGeneration[]): readonly string[] {
  return generations
    .filter(({ phase }) => isTrusted[phase])
    .toSorted((a, b) => a.number - b.number)
    .map(({ rootPem }) => rootPem);
}

/**
 * Stores an authority's trusted roots in its ConfigMap, for trust-manager, in-cluster verifiers and the HTTP server. Writes
 * only what differs, guarded by the resourceVersion that was read. Never stores an empty bundle: without a trusted root what is
 * there stays, since verifiers read an empty file as a fault or as "trust nobody".
 */
export async function storeBundle(
  { client, namespace, now }: { readonly client: KubeClient; readonly namespace: string; readonly now: () => Date },
  authority: string,
  roots: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (roots.length === 0) return;
  const bundle = roots.map(withFinalNewline).join("");
  const ref = { namespace, name: bundleName(authority) };
  const stored = await client.getOrUndefined<ConfigMap>(configMapResource, ref, { signal });
  const labels = { [authorityLabel]: authority, [publishedLabel]: "bundle" };
  const isLabelled = Object.entries(labels).every(([label, value]) => stored?.metadata.labels?.[label] === value);
  if (stored?.data?.[bundleKey] === bundle && isLabelled) return;
  const content: ConfigMap = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      ...stored?.metadata,
      ...ref,
      labels: { ...stored?.metadata.labels, ...labels },
      annotations: { ...stored?.metadata.annotations, [changedAtAnnotation]: formatTime(now().getTime()) },
    },
    data: { [bundleKey]: bundle },
  };
  await (stored === undefined
    ? client.create(configMapResource, content, { signal })
    : client.replace(configMapResource, content, { signal }));
}

/** Two PEM blocks on one line are no PEM (RFC 7468, 2). */
function withFinalNewline(pem: string): string {
  return pem.endsWith("\n") ? pem : `${pem}\n`;
}
