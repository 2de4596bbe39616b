import { TAG } from "../der/tag.ts";
import { sequence, time, tlv } from "../der/write.ts";
import { extension } from "../certificate/write-extension.ts";
import { serialContent } from "../certificate/serial.ts";
import { toHex } from "../lib/bytes.ts";
import { OID } from "../lib/oids.ts";
import { REVOCATION_REASONS, type CrlEntry, type RevocationReason } from "./crl.ts";

/** crlEntryExtensions per reason: each has exactly one legal encoding. unspecified has none, being left out. */
const REASON_EXTENSIONS: { readonly [reason in RevocationReason]: readonly Uint8Array[] } = {
  unspecified: [],
  keyCompromise: [reasonExtension("keyCompromise")],
  superseded: [reasonExtension("superseded")],
  cessationOfOperation: [reasonExtension("cessationOfOperation")],
  privilegeWithdrawn: [reasonExtension("privilegeWithdrawn")],
};

function reasonExtension(reason: RevocationReason): Uint8Array {
  return sequence(extension(OID.reasonCode, false, tlv(TAG.enumerated, Uint8Array.of(REVOCATION_REASONS[reason]))));
}

const REASON_BY_ENCODING: ReadonlyMap<string, RevocationReason> = new Map(
  (Object.keys(REVOCATION_REASONS) as RevocationReason[]).flatMap((reason) =>
    REASON_EXTENSIONS[reason].map((encoding) => [toHex(encoding), reason] as const),
  ),
);

/** The reason whose crlEntryExtensions these bytes are; undefined for all others. */
export function reasonOfExtensions(encoding: Uint8Array): RevocationReason | undefined {
  return REASON_BY_ENCODING.get(toHex(encoding));
}

/** One element of revokedCertificates (RFC 5280, 5.1.2.6). @throws RangeError for a date that cannot be written */
export function encodeCrlEntry({ serial, revokedAt, reason = "unspecified" }: CrlEntry): Uint8Array {
  return sequence(tlv(TAG.integer, serialContent(serial)), time(revokedAt), ...REASON_EXTENSIONS[reason]);
}
