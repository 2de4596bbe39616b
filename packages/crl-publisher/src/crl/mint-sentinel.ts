import { apiVersion, issuedCertificateResource } from "@capstan/api";
import { formatTime } from "@capstan/kube";
import { mintOwnLeaf, type MintOwnLeafInput, type OwnLeaf } from "../credentials/mint-own-leaf.ts";
import { fieldManager } from "../field-manager.ts";
import { type RevocationEntry, sentinelActor } from "./revocation-entries.ts";

/** Whether an entry is of a sentinel, and its leaf still valid at `now` (seconds since 1970). */
export function isLiveSentinel({ actor, notAfter }: RevocationEntry, now: number): boolean {
  return actor === sentinelActor && notAfter > now;
}

/**
 * Mints a ten-minute leaf of the publisher's own, with the CRL entry that revokes it. AWS has been seen to refuse an empty
 * CRL, and a fresh revoked leaf shows later whether AWS acts on the new one.
 */
export async function mintSentinel(
  input: Omit<MintOwnLeafInput, "role">,
): Promise<{ readonly entry: RevocationEntry; readonly leaf: OwnLeaf }> {
  const { client, namespace, now, signal } = input;
  const leaf = await mintOwnLeaf({ ...input, role: "crl" });
  const reason = "cessationOfOperation";
  // Marked like any revoked leaf, so that the ledger says what the CRL says.
  await client.apply(
    issuedCertificateResource,
    {
      apiVersion,
      kind: "IssuedCertificate",
      metadata: { name: leaf.record, namespace },
      status: {
        revoked: { at: formatTime(now.getTime()), reason, revocation: "crl-sentinel", requestedBy: sentinelActor },
      },
    },
    { fieldManager, force: true, subresource: "status", signal },
  );
  const entry: RevocationEntry = {
    serial: leaf.serial,
    revokedAt: Math.floor(now.getTime() / 1000),
    reason,
    notAfter: Math.floor(leaf.notAfter.getTime() / 1000),
    actor: sentinelActor,
  };
  return { entry, leaf };
}
