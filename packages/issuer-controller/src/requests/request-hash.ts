import { createHash } from "node:crypto";
import type { CertificateRequest } from "./certificate-request.ts";

/**
 * SHA-256, in lower-case hex, over everything that a request asks for. A ledger record answers only the request that
 * it was made for: the uid names the record, the hash proves that the uid still asks for the same.
 */
export function hashRequest({ metadata, spec }: CertificateRequest): string {
  const asked = [
    metadata.uid ?? "",
    metadata.namespace ?? "",
    spec.issuerRef.group ?? "",
    spec.issuerRef.kind ?? "",
    spec.issuerRef.name,
    spec.request,
    spec.duration ?? "",
    spec.isCA ?? false,
    spec.usages ?? [],
    spec.username ?? "",
  ];
  return createHash("sha256").update(JSON.stringify(asked)).digest("hex");
}
