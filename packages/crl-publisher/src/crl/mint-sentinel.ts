import { createHash, generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import {
  apiVersion,
  authorityLabel,
  type GenerationMark,
  generationMarkResource,
  generationName,
  type IssuedCertificate,
  issuedCertificateResource,
  notAfterLabel,
} from "@capstan/api";
import { issueLeaf, ownCommonName, prepareLeaf, type RandomBytes } from "@capstan/ca-core";
import { type AuditLog, formatTime, type KubeClient } from "@capstan/kube";
import { fieldManager } from "../field-manager.ts";
import type { Generation } from "../authority/generation-store.ts";
import type { RevocationEntry } from "./revocation-entries.ts";

const sentinelLifetimeMs = 600_000;
const sentinelActor = "capstan-crl-publisher";

/** Whether an entry is of a sentinel, and its leaf still valid at `now` (seconds since 1970). */
export function isLiveSentinel({ actor, notAfter }: RevocationEntry, now: number): boolean {
  return actor === sentinelActor && notAfter > now;
}

/**
 * Mints a ten-minute leaf of the publisher's own and returns the CRL entry that revokes it. AWS has been seen to refuse
 * an empty CRL, and a fresh revoked leaf shows later whether AWS acts on the new one.
 *
 * It is recorded like any other leaf: mark first, then the signature, then the ledger. Its private key is never kept.
 */
export async function mintSentinel(input: {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly authority: string;
  readonly generation: Generation;
  readonly now: Date;
  readonly random: RandomBytes;
  readonly recordName: () => string;
  readonly audit: AuditLog;
  readonly signal: AbortSignal;
}): Promise<RevocationEntry> {
  const { client, namespace, authority, generation, now, random, audit, signal } = input;
  const { root, key } = generation;
  const notBefore = new Date(Math.max(Math.floor(now.getTime() / 1000) * 1000 - 30_000, root.notBefore.getTime()));
  const notAfter = new Date(notBefore.getTime() + sentinelLifetimeMs);
  const { publicKey } = await promisify(generateKeyPair)("ec", { namedCurve: "P-256" });
  const publicKeySpki = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
  const prepared = prepareLeaf({
    root,
    subject: [{ type: "CN", value: ownCommonName("crl", authority) }],
    subjectAlternativeNames: [],
    publicKeySpki,
    usages: ["digital signature", "client auth"],
    notBefore,
    notAfter,
    maxLifetimeMs: sentinelLifetimeMs,
    isOwnLeaf: true,
    random,
  });
  await raiseMark({ client, namespace, authority, generation: generation.number, notAfter, signal });
  const name = input.recordName();
  const subject = `CN=${ownCommonName("crl", authority)}`;
  const leaf = await audit.sign(
    {
      purpose: "OwnLeaf",
      authority,
      generation: generation.number,
      serial: prepared.serial,
      subject,
      notAfter: formatTime(notAfter.getTime()),
      record: name,
    },
    () => issueLeaf({ ticket: prepared.ticket, signer: key }),
    ({ der }) => der,
  );
  const record: IssuedCertificate = {
    apiVersion,
    kind: "IssuedCertificate",
    metadata: {
      name,
      namespace,
      labels: { [authorityLabel]: authority, [notAfterLabel]: String(Math.floor(leaf.notAfter.getTime() / 1000)) },
    },
    spec: {
      serial: leaf.serial,
      subject,
      commonName: ownCommonName("crl", authority),
      notBefore: formatTime(leaf.notBefore.getTime()),
      notAfter: formatTime(leaf.notAfter.getTime()),
      authority,
      generation: generation.number,
      purpose: "CrlSentinel",
      publicKeySha256: createHash("sha256").update(publicKeySpki).digest("hex"),
      certificate: leaf.pem,
    },
  };
  await client.create(issuedCertificateResource, record, { signal });
  const reason = "cessationOfOperation";
  // Marked like any revoked leaf, so that the ledger says what the CRL says.
  await client.apply(
    issuedCertificateResource,
    {
      apiVersion,
      kind: "IssuedCertificate",
      metadata: { name, namespace },
      status: {
        revoked: { at: formatTime(now.getTime()), reason, revocation: "crl-sentinel", requestedBy: sentinelActor },
      },
    },
    { fieldManager, force: true, subresource: "status", signal },
  );
  return {
    serial: leaf.serial,
    revokedAt: Math.floor(now.getTime() / 1000),
    reason,
    notAfter: Math.floor(leaf.notAfter.getTime() / 1000),
    actor: sentinelActor,
  };
}

/** Raises a generation's mark to a time, unless it is there already. A sealed mark refuses. */
async function raiseMark(input: {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly authority: string;
  readonly generation: number;
  readonly notAfter: Date;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { client, namespace, authority, generation, notAfter, signal } = input;
  const mark = await client.get<GenerationMark>(
    generationMarkResource,
    { namespace, name: generationName(authority, generation) },
    { signal },
  );
  if (Date.parse(mark.spec.notAfter) >= notAfter.getTime()) return;
  await client.replace(
    generationMarkResource,
    { ...mark, spec: { ...mark.spec, notAfter: formatTime(notAfter.getTime()) } },
    { signal },
  );
}
