import { X509Certificate } from "node:crypto";
import { parseSerial } from "@capstan/ca-core";
import { PluginError } from "../exit-code.ts";
import { formatTime } from "../output/human-time.ts";

export interface LeafCertificate {
  readonly serial: string;
  /** As in RFC 4514: the most specific name first. */
  readonly subject: string;
  /** Of the subject, when it has exactly one. */
  readonly commonName: string | undefined;
  /** RFC 3339. */
  readonly notAfter: string;
}

/**
 * Reads the first certificate of a chain in base64 of PEM, as Secrets and CertificateRequests hold it.
 *
 * @param where what to name in the error
 * @throws {PluginError} when there is none
 */
export function readLeafCertificate(base64: string, where: string): LeafCertificate {
  try {
    const certificate = new X509Certificate(Buffer.from(base64, "base64"));
    const { serialNumber, subject, validToDate } = certificate;
    const { CN: commonName } = certificate.toLegacyObject().subject ?? {};
    return {
      serial: parseSerial(serialNumber),
      subject: (subject as string | undefined)?.split("\n").toReversed().join(",") ?? "",
      commonName: typeof commonName === "string" ? commonName : undefined,
      notAfter: formatTime(validToDate.getTime()),
    };
  } catch (cause) {
    throw new PluginError(`${where} holds no certificate that can be read`, { cause });
  }
}
