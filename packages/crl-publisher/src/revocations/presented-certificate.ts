import { X509Certificate } from "node:crypto";
import { decodePem, parseSerial, type SerialHex } from "@capstan/ca-core";

/** A certificate that somebody presents, read only as far as revoking it takes. */
export interface PresentedCertificate {
  readonly serial: SerialHex;
  /** The issuer as it is written in it, for people. */
  readonly issuer: string;
  readonly notAfter: Date;
  /** Whether it carries the signature of a root's key under the root's name. */
  readonly isSignedBy: (root: X509Certificate) => boolean;
  /** SHA-256 of its DER, lower-case hex. */
  readonly sha256: string;
}

/**
 * Reads one certificate in PEM. It may be anybody's: nothing of it is believed but what its signature proves.
 *
 * @throws TypeError that says what is wrong; it never holds the text itself
 *
 * @example
 * const presented = readPresentedCertificate(pem);
 * presented.isSignedBy(new X509Certificate(root.pem)) // true for a leaf of that root
 */
export function readPresentedCertificate(pem: string): PresentedCertificate {
  let der: Uint8Array;
  try {
    ({ der } = decodePem(pem, { labels: ["CERTIFICATE"], maxBytes: 16_384 }));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "unknown";
    throw new TypeError(
      `it is not one certificate in PEM (${why}); give what stands in tls.crt, its first block alone`,
      {
        cause,
      },
    );
  }
  try {
    const certificate = new X509Certificate(der);
    return {
      serial: parseSerial(certificate.serialNumber),
      issuer: certificate.issuer.replaceAll("\n", ", "),
      notAfter: certificate.validToDate,
      isSignedBy: (root) => certificate.checkIssued(root) && certificate.verify(root.publicKey),
      sha256: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
    };
  } catch (cause) {
    throw new TypeError("its bytes cannot be read as an X.509 certificate (RFC 5280, 4.1)", { cause });
  }
}
