import { sign } from "node:crypto";
import { extension } from "../../src/certificate/write-extension.ts";
import { DER_TRUE, bitString, namedBits, octetString, sequence, tagged, time, tlv } from "../../src/der/write.ts";
import { SIGNATURE_ALGORITHM_DER } from "../../src/keys/algorithms.ts";
import { sha1 } from "../../src/lib/bytes.ts";
import { OID } from "../../src/lib/oids.ts";
import { writeName } from "../../src/name/write-name.ts";
import { DAY, NOW } from "./authority.ts";
import { hex } from "./bytes.ts";
import { EC_KEY, spkiOf } from "./request.ts";

export interface RootParts {
  readonly spki?: Uint8Array;
  readonly issuer?: Uint8Array;
  readonly algorithm?: Uint8Array;
  readonly extensions?: readonly Uint8Array[];
  readonly signed?: (tbs: Uint8Array) => Uint8Array;
  readonly hash?: string;
  readonly validity?: Uint8Array;
}

const NAME: Uint8Array = writeName([
  { type: "CN", value: "a" },
  { type: "serialNumber", value: "1" },
]);
const SPKI = spkiOf(EC_KEY);
export const SKI: Uint8Array = sha1(SPKI.subarray(-65));
export const BASIC: Uint8Array = extension(OID.basicConstraints, true, sequence(DER_TRUE, hex("020100")));
export const USAGE: Uint8Array = extension(OID.keyUsage, true, namedBits([5, 6]));
export const KEY_ID: Uint8Array = extension(OID.subjectKeyIdentifier, false, octetString(SKI));

/** A self-signed certificate, by EC_KEY, right but for what is given. */
export function selfSigned({
  spki = SPKI,
  issuer = NAME,
  algorithm = SIGNATURE_ALGORITHM_DER.EC.sha256,
  extensions = [BASIC, USAGE, KEY_ID],
  signed,
  hash = "sha256",
  validity,
}: RootParts): Uint8Array {
  const dates = validity ?? sequence(time(NOW), time(new Date(NOW.getTime() + DAY)));
  const tbs = sequence(
    tagged(0, hex("020102")),
    tlv(2, hex("01")),
    algorithm,
    issuer,
    dates,
    NAME,
    spki,
    tagged(3, sequence(...extensions)),
  );
  return sequence(tbs, algorithm, bitString((signed ?? ((bytes) => sign(hash, bytes, EC_KEY)))(tbs)));
}
