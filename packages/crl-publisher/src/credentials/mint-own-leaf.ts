import { createHash, generateKeyPair, type KeyObject } from "node:crypto";
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
import { issueLeaf, type OwnLeafRole, ownCommonName, prepareLeaf, type RandomBytes } from "@capstan/ca-core";
import { type AuditLog, formatTime, isConflict, type KubeClient } from "@capstan/kube";
import type { Generation } from "../authority/generation-store.ts";

/** Long enough for one CreateSession and its repeats; what is shorter cannot be used by a stranger for long. */
const lifetimeMs = 600_000;
/** A leaf that ends sooner may have ended when it gets to AWS. */
const minimumMs = 60_000;
/** For clocks that are behind. */
const backdateMs = 30_000;

const purposes: Readonly<Record<OwnLeafRole, IssuedCertificate["spec"]["purpose"]>> = {
  crl: "CrlSentinel",
  publisher: "Publisher",
  canary: "Canary",
};

/** A leaf of Capstan's own with its key, which is in this process's memory and nowhere else. */
export interface OwnLeaf {
  readonly serial: string;
  /** The generation that signed it. */
  readonly generation: number;
  readonly certificatePem: string;
  readonly privateKey: KeyObject;
  readonly notAfter: Date;
  /** Name of its ledger record. */
  readonly record: string;
}

/** The generation is sealed, and its mark leaves no room for another leaf: it signs no more. */
export class GenerationSealed extends Error {
  override readonly name = "GenerationSealed";
  readonly code = "ERR_GENERATION_SEALED";
}

export interface MintOwnLeafInput {
  readonly client: KubeClient;
  /** Where the mark and the ledger are. */
  readonly namespace: string;
  readonly authority: string;
  readonly generation: Generation;
  /** Decides the common name (`ownCommonName`) and the record's purpose. */
  readonly role: OwnLeafRole;
  readonly now: Date;
  readonly random: RandomBytes;
  readonly recordName: () => string;
  readonly audit: AuditLog;
  readonly signal: AbortSignal;
}

/**
 * Mints a ten-minute P-256 leaf for Capstan itself, recorded like any other: mark first, then the audit line and the
 * signature, then the ledger. Of a sealed generation it ends with the mark.
 *
 * @throws {GenerationSealed}
 */
export async function mintOwnLeaf(input: MintOwnLeafInput): Promise<OwnLeaf> {
  const { authority, generation, role, now, random, audit, signal, client, namespace } = input;
  const { root, key, number } = generation;
  const notBefore = new Date(Math.max(Math.floor(now.getTime() / 1000) * 1000 - backdateMs, root.notBefore.getTime()));
  const wanted = new Date(Math.min(notBefore.getTime() + lifetimeMs, root.notAfter.getTime()));
  const notAfter = await raiseMark(input, wanted);
  const commonName = ownCommonName(role, authority);
  const { publicKey, privateKey } = await promisify(generateKeyPair)("ec", { namedCurve: "P-256" });
  const publicKeySpki = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
  const prepared = prepareLeaf({
    root,
    subject: [{ type: "CN", value: commonName }],
    subjectAlternativeNames: [],
    publicKeySpki,
    usages: ["digital signature", "client auth"],
    notBefore,
    notAfter,
    maxLifetimeMs: lifetimeMs,
    isOwnLeaf: true,
    random,
  });
  const name = input.recordName();
  const subject = `CN=${commonName}`;
  const leaf = await audit.sign(
    {
      purpose: "OwnLeaf",
      authority,
      generation: number,
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
      commonName,
      notBefore: formatTime(leaf.notBefore.getTime()),
      notAfter: formatTime(leaf.notAfter.getTime()),
      authority,
      generation: number,
      purpose: purposes[role],
      publicKeySha256: createHash("sha256").update(publicKeySpki).digest("hex"),
      certificate: leaf.pem,
    },
  };
  await client.create(issuedCertificateResource, record, { signal });
  return {
    serial: leaf.serial,
    generation: number,
    certificatePem: leaf.pem,
    privateKey,
    notAfter: leaf.notAfter,
    record: name,
  };
}

/**
 * Raises the generation's mark to a time, unless it is there already, and returns until when may be signed: that time,
 * or a sealed mark's own.
 */
async function raiseMark(
  { client, namespace, authority, generation, now, signal }: MintOwnLeafInput,
  wanted: Date,
): Promise<Date> {
  const name = generationName(authority, generation.number);
  for (;;) {
    const mark = await client.get<GenerationMark>(generationMarkResource, { namespace, name }, { signal });
    const stored = Date.parse(mark.spec.notAfter);
    if (stored >= wanted.getTime()) return wanted;
    if (mark.status?.sealed === true) {
      if (stored < now.getTime() + minimumMs) {
        throw new GenerationSealed(
          `generation ${generation.number} of ${authority} is sealed and signs nothing beyond ${mark.spec.notAfter}`,
        );
      }
      return new Date(stored);
    }
    try {
      await client.replace(
        generationMarkResource,
        { ...mark, spec: { ...mark.spec, notAfter: formatTime(wanted.getTime()) } },
        { signal },
      );
      return wanted;
    } catch (error) {
      // The issuer raised it, or another publisher sealed it: see which.
      if (!isConflict(error)) throw error;
    }
  }
}
