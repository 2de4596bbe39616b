import type { Revocation } from "@capstan/api";
import { parseSerial, type SerialHex } from "@capstan/ca-core";
import { type PresentedCertificate, readPresentedCertificate } from "./presented-certificate.ts";

/** What a Revocation names, read once. */
export type RevocationTarget =
  /** `typed`: as it was written. */
  | { readonly kind: "serial"; readonly serial: SerialHex; readonly typed: string }
  | { readonly kind: "certificate"; readonly certificate: PresentedCertificate }
  | { readonly kind: "record"; readonly name: string }
  | { readonly kind: "publicKey"; readonly sha256: string }
  | { readonly kind: "serviceAccount"; readonly namespace: string; readonly name: string }
  | { readonly kind: "generation"; readonly authority: string; readonly number: number }
  | { readonly kind: "invalid"; readonly message: string };

/** Targets that name one leaf. */
export type LeafTarget = Extract<RevocationTarget, { readonly kind: "serial" | "certificate" | "record" }>;

/** A DNS subdomain, as the names of ledger records are. */
const objectName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Reads the target of a Revocation. The schema lets through what this refuses, so that refusals have words. */
export function readTarget(revocation: Revocation): RevocationTarget {
  const { serial, certificate, issuedCertificate, publicKeySha256, serviceAccount, generation } =
    revocation.spec.target;
  try {
    if (serial !== undefined) return { kind: "serial", serial: parseSerial(serial), typed: serial };
    if (certificate !== undefined) return { kind: "certificate", certificate: readPresentedCertificate(certificate) };
  } catch (error) {
    const field = serial === undefined ? "certificate" : "serial";
    return invalid(`spec.target.${field}: ${error instanceof Error ? error.message : String(error)}`);
  }
  // What cannot be a name is not in the ledger, and must not become another path.
  if (issuedCertificate !== undefined) {
    return objectName.test(issuedCertificate)
      ? { kind: "record", name: issuedCertificate }
      : invalid(
          "spec.target.issuedCertificate: it cannot be the name of a ledger record; kubectl get icert lists them",
        );
  }
  if (publicKeySha256 !== undefined) return { kind: "publicKey", sha256: publicKeySha256 };
  if (serviceAccount !== undefined) {
    const { name, namespace = revocation.metadata.namespace ?? "" } = serviceAccount;
    return { kind: "serviceAccount", namespace, name };
  }
  if (generation !== undefined) return { kind: "generation", ...generation };
  return invalid("spec.target: it names nothing");
}

function invalid(message: string): RevocationTarget {
  return { kind: "invalid", message };
}
