import { authorityKeyIdentifier, extension } from "../certificate/write-extension.ts";
import { TAG } from "../der/tag.ts";
import { bitString, header, sequence, tagged, time, unsignedInteger } from "../der/write.ts";
import { CaError } from "../errors.ts";
import { assertSignerKey, signatureAlgorithmOf, signVerified, type Signer } from "../keys/signer.ts";
import { fromHex } from "../lib/bytes.ts";
import { OID } from "../lib/oids.ts";
import { lintTbsCertList } from "../lint/crl/lint-crl.ts";
import { rootKeyObject, type Root } from "../root/root.ts";
import { CrlEntries } from "./crl-entries.ts";
import type { Crl, CrlEntry } from "./crl.ts";
import type { CrlNumber } from "./crl-number.ts";
import { readOwnedCrl } from "./read-crl.ts";

export interface CrlPlan {
  readonly root: Root;
  readonly signer: Signer;
  readonly number: CrlNumber;
  /** Whole seconds are kept. */
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** Those of a CRL that was read, with what changed, keep their bytes; others, in any order, are encoded first. */
  readonly entries: CrlEntries | readonly CrlEntry[];
}

/**
 * Builds and signs a CRL (RFC 5280, 5): version 2, authorityKeyIdentifier and cRLNumber, entries sorted by serial. Time
 * and memory are linear in the entries, whose bytes are taken as they stand. The lint has passed what is signed, and the
 * strict reader the result; hold it to `checkCrlBeforePublication` before it goes anywhere. AWS's bound on the size is
 * one of that check, not of this function.
 *
 * @throws CaError ERR_CRL_INPUT, ERR_SIGNER_KEY, ERR_SIGNER_SIGNATURE
 * @example
 * const crl = await encodeCrl({
 *   root, signer, number: nextCrlNumber({ now }), thisUpdate: now, nextUpdate: new Date(now.getTime() + 30 * 86_400_000),
 *   entries: published.entries.plus([{ serial: leaf.serial, revokedAt: now, reason: "keyCompromise" }]),
 * });
 */
export async function encodeCrl(plan: CrlPlan): Promise<Crl> {
  const { root, signer } = plan;
  assertSignerKey(signer, root.spki);
  const tbs = encodeTbs(plan);
  const findings = lintTbsCertList({ tbs, root });
  if (findings.length > 0) throw inputError(findings.map(({ rule, fault }) => `${fault} (${rule})`).join("; "));
  const signature = await signVerified(signer, tbs, rootKeyObject(root));
  return readOwnedCrl(sequence(tbs, signatureAlgorithmOf(root.algorithm), bitString(signature)));
}

function encodeTbs({ root, number, thisUpdate, nextUpdate, ...plan }: CrlPlan): Uint8Array {
  const entries = plan.entries instanceof CrlEntries ? plan.entries : CrlEntries.of(plan.entries);
  try {
    return sequence(
      Uint8Array.of(TAG.integer, 1, 1), // v2
      signatureAlgorithmOf(root.algorithm),
      root.subjectDer,
      time(thisUpdate),
      time(nextUpdate),
      ...revokedCertificates(entries),
      tagged(
        0,
        sequence(authorityKeyIdentifier(root.ski), extension(OID.crlNumber, false, unsignedInteger(octetsOf(number)))),
      ),
    );
  } catch (cause) {
    if (cause instanceof RangeError) throw inputError(cause.message, { cause });
    throw cause;
  }
}

/** Absent when empty (RFC 5280, 5.1.2.6). In two parts, so that the entries are copied once, into what is signed. */
function revokedCertificates({ size, content }: CrlEntries): Uint8Array[] {
  return size === 0 ? [] : [header(TAG.sequence, content.length), content];
}

function octetsOf(number: bigint): Uint8Array {
  const hex = number.toString(16);
  return fromHex(hex.length % 2 === 0 ? hex : `0${hex}`);
}

function inputError(rule: string, options?: ErrorOptions): CaError {
  return new CaError("ERR_CRL_INPUT", `CRL: ${rule}`, options);
}
