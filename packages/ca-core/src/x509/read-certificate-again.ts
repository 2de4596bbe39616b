import { fromBER } from "asn1js";
import { Certificate } from "pkijs";
import { plain, toHex } from "../lib/bytes.ts";

/** What a second, unrelated parser (pkijs) reads in a certificate. Only for bytes that the strict reader has passed. */
export interface SecondReading {
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly spki: Uint8Array;
  readonly extensionOids: readonly string[];
}

export function readCertificateAgain(der: Uint8Array): SecondReading {
  const { result } = fromBER(plain(der));
  const certificate = new Certificate({ schema: result });
  return {
    serial: toHex(certificate.serialNumber.valueBlock.valueHexView).replace(/^(00)+(?=..)/, ""),
    notBefore: certificate.notBefore.value,
    notAfter: certificate.notAfter.value,
    spki: new Uint8Array(certificate.subjectPublicKeyInfo.toSchema().toBER()),
    extensionOids: (certificate.extensions ?? []).map(({ extnID }) => extnID),
  };
}
