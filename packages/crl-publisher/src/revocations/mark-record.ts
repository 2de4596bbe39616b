import { apiVersion, type IssuedCertificate, issuedCertificateResource } from "@capstan/api";
import type { KubeClient } from "@capstan/kube";
import { fieldManager } from "../field-manager.ts";

export type RevokedStatus = NonNullable<NonNullable<IssuedCertificate["status"]>["revoked"]>;

/**
 * Writes into a ledger record that its leaf is revoked. A record that changed since it was read is refused with 409, so
 * that the first time and reason stay: it has to be looked at again.
 */
export async function markRecord(
  client: KubeClient,
  { metadata }: IssuedCertificate,
  revoked: RevokedStatus,
  signal: AbortSignal,
): Promise<void> {
  const { name, namespace, resourceVersion } = metadata;
  await client.apply(
    issuedCertificateResource,
    {
      apiVersion,
      kind: "IssuedCertificate",
      metadata: {
        name,
        ...(namespace === undefined ? {} : { namespace }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
      status: { revoked },
    },
    { fieldManager, force: true, subresource: "status", signal },
  );
}
