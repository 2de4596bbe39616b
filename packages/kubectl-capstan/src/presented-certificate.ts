import { X509Certificate } from "node:crypto";
import { parseSerial, type SerialHex } from "@capstan/ca-core";
import { PluginError } from "./exit-code.ts";

/** The attributes of a name by their short names, each with its values in the order of the certificate. */
export type NameValues = Readonly<Record<string, readonly string[]>>;

/** A certificate that somebody presents. It may be anybody's: nothing of it is believed but what its signature proves. */
export interface PresentedCertificate {
  readonly serial: SerialHex;
  /** In the order of the certificate, as openssl shows names. */
  readonly subject: string;
  readonly subjectValues: NameValues;
  readonly issuer: string;
  readonly issuerValues: NameValues;
  /** In the order of the certificate, by OpenSSL's names: DNS, URI, IP Address, email. */
  readonly alternativeNames: readonly { readonly kind: string; readonly value: string }[];
  /** Milliseconds since 1970, both inclusive. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** SHA-256 of its DER, lower-case hex. */
  readonly sha256: string;
  /** Whether the root has this certificate's issuer name. */
  readonly isNamedBy: (root: PresentedCertificate) => boolean;
  /** Whether it carries the signature of the root's key under the root's name. */
  readonly isSignedBy: (root: PresentedCertificate) => boolean;
  readonly x509: X509Certificate;
}

/**
 * Reads the first certificate of PEM, or one in DER.
 *
 * @param where what to name in the error
 * @throws {PluginError} when there is none
 *
 * @example
 * readPresentedCertificate(await readFile("tls.crt"), "tls.crt").serial // "4f1c…"
 */
export function readPresentedCertificate(source: string | Uint8Array, where: string): PresentedCertificate {
  try {
    const x509 = new X509Certificate(source);
    const { subject, issuer } = x509.toLegacyObject() as unknown as Readonly<Record<"subject" | "issuer", LegacyName>>;
    return {
      serial: parseSerial(x509.serialNumber),
      subject: textOfName(x509.subject),
      subjectValues: valuesOf(subject),
      issuer: textOfName(x509.issuer),
      issuerValues: valuesOf(issuer),
      alternativeNames: alternativeNamesOf(x509.subjectAltName),
      notBefore: x509.validFromDate.getTime(),
      notAfter: x509.validToDate.getTime(),
      sha256: x509.fingerprint256.replaceAll(":", "").toLowerCase(),
      isNamedBy: (root) => x509.issuer === root.x509.subject,
      isSignedBy: (root) => x509.checkIssued(root.x509) && x509.verify(root.x509.publicKey),
      x509,
    };
  } catch (cause) {
    throw new PluginError(`${where} holds no certificate that can be read`, { cause });
  }
}

/** Node's: a value, or the values of an attribute that is there several times. */
type LegacyName = Readonly<Record<string, string | readonly string[]>> | undefined;

function valuesOf(name: LegacyName): NameValues {
  return Object.fromEntries(Object.entries(name ?? {}).map(([type, value]) => [type, [value].flat()]));
}

/** `DNS:a, URI:"b,c"`: a value with a comma stands as JSON (Node: X509Certificate.subjectAltName). */
function alternativeNamesOf(text: string | undefined): PresentedCertificate["alternativeNames"] {
  return [...(text ?? "").matchAll(/(?:^|, )(?<kind>[A-Za-z ]+):(?<value>"(?:[^"\\]|\\.)*"|[^,]*)/g)].map(
    ({ groups }) => {
      const { kind = "", value = "" } = groups ?? {};
      return { kind, value: value.startsWith('"') ? String(JSON.parse(value)) : value };
    },
  );
}

/** Node gives one attribute a line, and nothing at all for an empty name. */
function textOfName(lines: string | undefined): string {
  return lines?.split("\n").join(",") ?? "";
}
