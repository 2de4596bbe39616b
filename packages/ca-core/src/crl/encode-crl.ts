import { authorityKeyIdentifier, extension } from "../certificate/write-extension.ts";
import { TAG } from "../der/tag.ts";
import { bitString, sequence, tagged, time, tlvOfList, unsignedInteger } from "../der/write.ts";
import { CaError } from "../errors.ts";
import { assertSignerKey, signatureAlgorithmOf, signVerified, type Signer } from "../keys/signer.ts";
import { fromHex } from "../lib/bytes.ts";
import { OID } from "../lib/oids.ts";
import { rootKeyObject, type Root } from "../root/root.ts";
import { compareSerials, type Crl, type CrlEntry } from "./crl.ts";
import type { CrlNumber } from "./crl-number.ts";
import { encodeCrlEntry } from "./entry-bytes.ts";
import { readCrl } from "./read-crl.ts";

export interface CrlPlan {
  readonly root: Root;
  readonly signer: Signer;
  readonly number: CrlNumber;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** In any order. */
  readonly entries: readonly CrlEntry[];
}

/**
 * Builds and signs a CRL (RFC 5280, 5): version 2, authorityKeyIdentifier and cRLNumber, entries sorted by serial. Time
 * is linear in the entries but for their sorting. The result has been through the strict reader; hold it to
 * `checkCrlBeforePublication` before it goes anywhere.
 *
 * @throws CaError ERR_CRL_INPUT, ERR_SIGNER_KEY, ERR_SIGNER_SIGNATURE
 */
export async function encodeCrl(plan: CrlPlan): Promise<Crl> {
  const { root, signer } = plan;
  assertSignerKey(signer, root.spki);
  const tbs = encodeTbs(plan);
  const signature = await signVerified(signer, tbs, rootKeyObject(root));
  const der = sequence(tbs, signatureAlgorithmOf(root.algorithm), bitString(signature));
  return readCrl(der, { maxBytes: der.length });
}

function encodeTbs(plan: CrlPlan): Uint8Array {
  const { root, number, thisUpdate, nextUpdate } = plan;
  if (!(thisUpdate < nextUpdate)) throw inputError("nextUpdate must be after thisUpdate");
  const entries = plan.entries.toSorted((a, b) => compareSerials(a.serial, b.serial));
  assertEntries(entries, thisUpdate);
  try {
    const revoked = entries.map(encodeCrlEntry);
    return sequence(
      Uint8Array.of(TAG.integer, 1, 1), // v2
      signatureAlgorithmOf(root.algorithm),
      root.subjectDer,
      time(thisUpdate),
      time(nextUpdate),
      ...(revoked.length === 0 ? [] : [tlvOfList(TAG.sequence, revoked)]), // absent when empty (RFC 5280, 5.1.2.6)
      tagged(
        0,
        sequence(authorityKeyIdentifier(root.ski), extension(OID.crlNumber, false, unsignedInteger(octetsOf(number)))),
      ),
    );
  } catch (cause) {
    if (cause instanceof RangeError) throw new CaError("ERR_CRL_INPUT", `CRL: ${cause.message}`, { cause });
    throw cause;
  }
}

function assertEntries(sorted: readonly CrlEntry[], thisUpdate: Date): void {
  for (const [index, { serial, revokedAt }] of sorted.entries()) {
    if (sorted[index + 1]?.serial === serial) throw inputError(`serial ${serial} is listed twice`);
    if (!(revokedAt <= thisUpdate)) throw inputError(`serial ${serial} is revoked after thisUpdate`);
  }
}

function octetsOf(number: bigint): Uint8Array {
  const hex = number.toString(16);
  return fromHex(hex.length % 2 === 0 ? hex : `0${hex}`);
}

function inputError(rule: string): CaError {
  return new CaError("ERR_CRL_INPUT", `CRL: ${rule}`);
}
