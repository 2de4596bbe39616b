import { RolesAnywhereError } from "./errors.ts";
import { decodePemBlocks } from "./pem.ts";

/**
 * The DER of the one CRL in a PEM text. Text outside the armour, line ends and blank lines do not matter, since nobody promises
 * that a CRL is read back letter by letter as it was sent.
 * @throws {RolesAnywhereError} ERR_INVALID_ARGUMENT for broken armour or base64, and for anything but one block of a CRL
 *
 * @example
 * const der = crlDerOf(crl.crlPem);
 */
export function crlDerOf(crlPem: string): Uint8Array {
  const [crl, ...others] = decodePemBlocks(crlPem, "crlPem");
  if (crl === undefined || others.length > 0) {
    throw refuse(`holds ${others.length + (crl === undefined ? 0 : 1)} PEM blocks, exactly one is allowed`);
  }
  if (crl.label !== "X509 CRL") {
    throw refuse(`is labelled ${JSON.stringify(crl.label)}: a CRL's PEM label is "X509 CRL" (RFC 7468, 6)`);
  }
  return crl.der;
}

function refuse(fault: string): RolesAnywhereError {
  return new RolesAnywhereError("ERR_INVALID_ARGUMENT", `crlPem ${fault}`, { operation: "crlDerOf", field: "crlPem" });
}
