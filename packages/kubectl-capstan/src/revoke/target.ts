import { UsageError } from "../exit-code.ts";
import { parseSerialArgument } from "../serial-argument.ts";

/** What a user may name to say which certificate is meant. */
export type TargetKind = "issuedCertificate" | "certificate" | "secret";

export type Target =
  | { readonly kind: "serial"; readonly serial: string }
  | { readonly kind: TargetKind; readonly name: string };

/** As kubectl writes and takes them, `-o name` included. */
const kinds: Readonly<Record<string, TargetKind>> = {
  icert: "issuedCertificate",
  issuedcertificate: "issuedCertificate",
  issuedcertificates: "issuedCertificate",
  "issuedcertificate.capstan.dev": "issuedCertificate",
  "issuedcertificates.capstan.dev": "issuedCertificate",
  cert: "certificate",
  certificate: "certificate",
  certificates: "certificate",
  "certificate.cert-manager.io": "certificate",
  "certificates.cert-manager.io": "certificate",
  secret: "secret",
  secrets: "secret",
};

// RFC 1123 subdomain, the rule for names of all three kinds.
const objectName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** @throws {UsageError} for a kind that cannot be revoked, a name that cannot exist, and what is no serial number */
export function parseTarget(text: string): Target {
  const slash = text.indexOf("/");
  if (slash < 0) return { kind: "serial", serial: parseSerialArgument(text) };
  const kind = Object.hasOwn(kinds, text.slice(0, slash)) ? kinds[text.slice(0, slash)] : undefined;
  const name = text.slice(slash + 1);
  if (kind === undefined) {
    throw new UsageError(
      `${JSON.stringify(text)}: ${JSON.stringify(text.slice(0, slash))} cannot be revoked; give a serial number, icert/NAME, certificate/NAME or secret/NAME`,
    );
  }
  if (name.length > 253 || !objectName.test(name)) {
    throw new UsageError(`${JSON.stringify(text)}: ${JSON.stringify(name)} is not an object's name`);
  }
  return { kind, name };
}
