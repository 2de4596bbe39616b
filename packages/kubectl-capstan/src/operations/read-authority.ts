import { type CertificateAuthority, certificateAuthorityResource } from "@capstan/api";
import type { KubeClient } from "@capstan/kube";
import { PluginError, UsageError } from "../exit-code.ts";

type TrustAnchorSpec = NonNullable<CertificateAuthority["spec"]["trustAnchors"]>[number];

/** @throws {PluginError} when there is none of this name: it names those that there are */
export async function readAuthority(client: KubeClient, name: string): Promise<CertificateAuthority> {
  checkAuthorityName(name);
  const authority = await client.getOrUndefined<CertificateAuthority>(certificateAuthorityResource, { name });
  if (authority !== undefined) return authority;
  const { items } = await client.listAll<CertificateAuthority>(certificateAuthorityResource);
  throw new PluginError(explainMissingAuthority(items, name));
}

/** @throws {UsageError} for a name that the API server would not take */
export function checkAuthorityName(name: string): void {
  if (name.length <= 40 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)) return;
  throw new UsageError(
    `${JSON.stringify(name)} is no CertificateAuthority's name: use at most 40 lower-case letters, digits and "-"`,
  );
}

/** For people: which authority was asked for, and which there are. */
export function explainMissingAuthority(
  authorities: readonly CertificateAuthority[],
  asked: string | undefined,
): string {
  if (asked === undefined) return "there is no CertificateAuthority in this cluster: create one";
  const names = authorities.map(({ metadata }) => metadata.name).join(", ");
  return `there is no CertificateAuthority ${JSON.stringify(asked)}; ${names === "" ? "there is none at all" : `there is ${names}`}`;
}

/** @throws {PluginError} when the authority's spec has none of this name */
export function trustAnchorOf({ metadata, spec }: CertificateAuthority, name: string): TrustAnchorSpec {
  const anchors = spec.trustAnchors ?? [];
  const anchor = anchors.find((known) => known.name === name);
  if (anchor !== undefined) return anchor;
  const names = anchors.map((known) => known.name).join(", ");
  throw new PluginError(
    `CertificateAuthority ${metadata.name} has no trust anchor ${JSON.stringify(name)}; ${names === "" ? "it has none at all" : `it has ${names}`}`,
  );
}
