import { createHash, createPublicKey, randomUUID, verify } from "node:crypto";
import type { CertificateAuthority } from "@capstan/api";
import { type AuditLog, AuditLogError } from "@capstan/kube";
import { IssuerBroken } from "../requests/not-yet.ts";
import type { KeyRing, SigningKey } from "../signing/key-ring.ts";

export interface KeyProbeOptions {
  readonly keys: KeyRing;
  readonly audit: AuditLog;
  readonly now: () => Date;
}

/**
 * Finds out whether an authority can sign, by doing it: its active key is read anew from its Secret and belongs to the
 * root that the authority's status names, the root is valid now, and a signature by the key verifies with the root's.
 *
 * @throws {IssuerBroken} {NotYet} when it cannot, and why
 * @throws {KubeApiError} {KubeConnectionError} when that could not be found out
 */
export async function probeKey(
  { keys, audit, now }: KeyProbeOptions,
  authority: CertificateAuthority,
  signal: AbortSignal,
): Promise<void> {
  const signingKey = await keys.reloadActiveKey(authority, now(), signal);
  const { generation } = signingKey;
  const { name } = authority.metadata;
  try {
    await audit.sign(
      { purpose: "Probe", authority: name, generation },
      () => signProbe(signingKey),
      (signature) => signature,
    );
  } catch (error) {
    if (error instanceof AuditLogError) throw new IssuerBroken(error.message, { cause: error });
    const reason = error instanceof Error ? error.message : String(error);
    throw new IssuerBroken(`CertificateAuthority ${name}, generation ${generation}: its key does not sign: ${reason}`, {
      cause: error,
    });
  }
}

/** What is signed begins with a letter and no SEQUENCE, so that it is the to-be-signed part of no certificate or CRL. */
async function signProbe({ key, root }: SigningKey): Promise<Uint8Array> {
  const hash = "sha256";
  const message = new TextEncoder().encode(`capstan probe ${randomUUID()}`);
  const digest = (): Uint8Array => new Uint8Array(createHash(hash).update(message).digest());
  const signature = await key.sign({ hash, message, digest });
  const publicKey = createPublicKey({ key: Buffer.from(root.spki), format: "der", type: "spki" });
  if (!verify(hash, message, publicKey, signature)) throw new Error("the signature does not verify");
  return signature;
}
