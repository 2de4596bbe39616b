import { fromBER, type FromBerOptions } from "asn1js";
import { Certificate, CertificateRevocationList } from "pkijs";
import { plain, toHex } from "../lib/bytes.ts";

/** What a second, unrelated parser (pkijs) reads in a certificate. Only for bytes that the strict reader has passed. */
export interface SecondReading {
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly spki: Uint8Array;
  readonly extensionOids: readonly string[];
}

/** Far above what AWS's bound of 300,000 characters lets a CRL have. */
const LIMITS: FromBerOptions = { maxNodes: 1_000_000 };

export function readCertificateAgain(der: Uint8Array): SecondReading {
  const { result } = fromBER(plain(der), LIMITS);
  const certificate = new Certificate({ schema: result });
  return {
    serial: toHex(certificate.serialNumber.valueBlock.valueHexView).replace(/^(00)+(?=..)/, ""),
    notBefore: certificate.notBefore.value,
    notAfter: certificate.notAfter.value,
    spki: new Uint8Array(certificate.subjectPublicKeyInfo.toSchema().toBER()),
    extensionOids: (certificate.extensions ?? []).map(({ extnID }) => extnID),
  };
}

export interface SecondCrlReading {
  readonly thisUpdate: Date;
  readonly nextUpdate: Date | undefined;
  readonly serials: readonly string[];
}

export function readCrlAgain(der: Uint8Array): SecondCrlReading {
  const { result } = fromBER(plain(der), LIMITS);
  const crl = new CertificateRevocationList({ schema: result });
  return {
    thisUpdate: crl.thisUpdate.value,
    nextUpdate: crl.nextUpdate?.value,
    serials: (crl.revokedCertificates ?? []).map(({ userCertificate }) =>
      toHex(userCertificate.valueBlock.valueHexView).replace(/^(00)+(?=..)/, ""),
    ),
  };
}
