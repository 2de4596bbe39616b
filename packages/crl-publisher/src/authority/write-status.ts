import { isDeepStrictEqual } from "node:util";
import { apiVersion, type CertificateAuthority, certificateAuthorityResource } from "@capstan/api";
import type { KubeClient } from "@capstan/kube";
import { fieldManager } from "../field-manager.ts";
import type { AuthorityStatus, StatusChange } from "./authority-parts.ts";

/**
 * Writes an authority's whole status, unless it says all this already. Whoever wrote meanwhile, be it the spec, wins: 409,
 * and everything is looked at anew.
 */
export async function writeStatus(
  client: KubeClient,
  { metadata, status: before = {} }: CertificateAuthority,
  status: StatusChange,
  signal: AbortSignal,
): Promise<void> {
  const next = JSON.parse(JSON.stringify(status)) as AuthorityStatus;
  if (isDeepStrictEqual(next, before)) return;
  const { name, resourceVersion = "" } = metadata;
  await client.apply(
    certificateAuthorityResource,
    { apiVersion, kind: "CertificateAuthority", metadata: { name, resourceVersion }, status: next },
    { fieldManager, force: true, subresource: "status", signal },
  );
}
