import { extension } from "../certificate/write-extension.ts";
import { TAG } from "../der/tag.ts";
import { sequence, tlv } from "../der/write.ts";
import { OID } from "../lib/oids.ts";
import { REVOCATION_REASONS, type CrlEntry, type RevocationReason } from "./crl.ts";
import { EntryTimeWriter } from "./entry-time.ts";

const [ZERO, EIGHT, NINE, A] = [0x30, 0x38, 0x39, 0x61] as const;

/** crlEntryExtensions that hold a reason code and nothing else: only their last octet, the code, ever differs. */
const REASON_EXTENSIONS: Uint8Array = sequence(
  extension(OID.reasonCode, false, tlv(TAG.enumerated, Uint8Array.of(REVOCATION_REASONS.unspecified))),
);
const CODE_AT = REASON_EXTENSIONS.length - 1;

const REASON_BY_CODE: ReadonlyMap<number, RevocationReason> = new Map(
  (Object.keys(REVOCATION_REASONS) as RevocationReason[]).map((reason) => [REVOCATION_REASONS[reason], reason]),
);

/** The reason with this code, if a leaf can have it and it may be written: unspecified is left out (RFC 5280, 5.3.1). */
export function reasonOfCode(code: number): RevocationReason | undefined {
  return code === REVOCATION_REASONS.unspecified ? undefined : REASON_BY_CODE.get(code);
}

/** The code in `source[start, end)` if that is crlEntryExtensions of one reason code, whatever the code. */
export function reasonCodeAt(source: Uint8Array, start: number, end: number): number | undefined {
  if (end - start !== REASON_EXTENSIONS.length) return undefined;
  for (let i = 0; i < CODE_AT; i += 1) if (source[start + i] !== REASON_EXTENSIONS[i]) return undefined;
  return source[start + CODE_AT];
}

/** Two headers of two octets, a serial of 20 octets behind a sign octet, a GeneralizedTime, a reason. */
const MAX_ENTRY_OCTETS = 4 + 21 + 17 + REASON_EXTENSIONS.length;

/** 0 to 15. The text of a serial is lower-case hexadecimal. */
function hexDigitAt(serial: string, at: number): number {
  const code = serial.charCodeAt(at);
  return code <= NINE ? code - ZERO : code - A + 10;
}

/**
 * Writes elements of revokedCertificates (RFC 5280, 5.1.2.6) one after another. None is longer than 127 octets, so that
 * all their lengths have one octet.
 */
export class EntryWriter {
  readonly #out: Uint8Array;
  readonly #times = new EntryTimeWriter();
  #end = 0;

  constructor(maxEntries: number) {
    this.#out = new Uint8Array(maxEntries * MAX_ENTRY_OCTETS);
  }

  get written(): Uint8Array {
    return this.#out.subarray(0, this.#end);
  }

  /** Returns where the entry ends. @throws RangeError for a date that a CRL cannot hold */
  write({ serial, revokedAt, reason = "unspecified" }: CrlEntry): number {
    const out = this.#out;
    const start = this.#end;
    // A first octet of 80 or more would make the INTEGER negative.
    const sign = serial.charCodeAt(0) >= EIGHT ? 1 : 0;
    const timeAt = start + 4 + sign + serial.length / 2;
    out[start] = TAG.sequence;
    out[start + 2] = TAG.integer;
    out[start + 3] = timeAt - start - 4;
    out[start + 4] = 0;
    for (let at = start + 4 + sign, digit = 0; at < timeAt; at += 1, digit += 2) {
      out[at] = hexDigitAt(serial, digit) * 16 + hexDigitAt(serial, digit + 1);
    }
    let end = this.#times.write(revokedAt, out, timeAt);
    if (reason !== "unspecified") {
      out.set(REASON_EXTENSIONS, end);
      end += REASON_EXTENSIONS.length;
      out[end - 1] = REVOCATION_REASONS[reason];
    }
    out[start + 1] = end - start - 2;
    this.#end = end;
    return end;
  }
}
