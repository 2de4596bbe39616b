import type { IssuedCertificate } from "@capstan/api";

/**
 * One certificate in the report. Names and order follow AWS Private CA's audit report, so that what reads those needs little
 * change: certificate stands where it has certificateArn, requestedBy where it has requestedByServicePrincipal, issuer where it
 * has templateArn. awsAccountId has no counterpart. What it does not have comes after.
 *
 * AWS Private CA User Guide, "Using audit reports with your private CA".
 */
export interface AuditRow {
  /** User name that the API server recorded on the request. */
  readonly requestedBy: string;
  /** Name of the ledger's record. */
  readonly certificate: string;
  /** Lower-case hex. */
  readonly serial: string;
  readonly subject: string;
  /** Times are RFC 3339; "" for what has not happened. */
  readonly notBefore: string;
  readonly notAfter: string;
  readonly issuedAt: string;
  readonly revokedAt: string;
  readonly revocationReason: string;
  /** Kind/name of the issuer; "" of a certificate of Capstan's own. */
  readonly issuer: string;
  readonly authority: string;
  readonly generation: number;
  /** Workload, or what Capstan made it for itself for. */
  readonly purpose: string;
  readonly namespace: string;
  /** Kind/name of the request. */
  readonly request: string;
  /** Kind/name of what the request was made for. */
  readonly owner: string;
  /** Space-separated. */
  readonly dnsNames: string;
  readonly uris: string;
  readonly revokedBy: string;
  readonly publicKeySha256: string;
}

export const auditColumns: readonly (keyof AuditRow)[] = [
  "requestedBy",
  "certificate",
  "serial",
  "subject",
  "notBefore",
  "notAfter",
  "issuedAt",
  "revokedAt",
  "revocationReason",
  "issuer",
  "authority",
  "generation",
  "purpose",
  "namespace",
  "request",
  "owner",
  "dnsNames",
  "uris",
  "revokedBy",
  "publicKeySha256",
];

export function auditRow(record: IssuedCertificate): AuditRow {
  const { metadata, spec, status } = record;
  const { owner, requestName, requestKind = "CertificateRequest", issuerName, issuerKind = "" } = spec;
  const revoked = status?.revoked;
  return {
    requestedBy: spec.requester ?? "",
    certificate: metadata.name,
    serial: spec.serial,
    subject: spec.subject,
    notBefore: spec.notBefore,
    notAfter: spec.notAfter,
    issuedAt: issuedAt(record),
    revokedAt: revoked?.at ?? "",
    revocationReason: revoked?.reason ?? "",
    issuer: issuerName === undefined ? "" : `${issuerKind}/${issuerName}`,
    authority: spec.authority,
    generation: spec.generation,
    purpose: spec.purpose,
    namespace: spec.requestNamespace ?? "",
    request: requestName === undefined ? "" : `${requestKind}/${requestName}`,
    owner: owner === undefined ? "" : `${owner.kind}/${owner.name}`,
    dnsNames: (spec.dnsNames ?? []).join(" "),
    uris: (spec.uris ?? []).join(" "),
    revokedBy: revoked?.requestedBy ?? "",
    publicKeySha256: spec.publicKeySha256,
  };
}

/** The record is made before the certificate leaves the issuer. RFC 3339; notBefore is backdated. */
export function issuedAt({ metadata, spec }: IssuedCertificate): string {
  return metadata.creationTimestamp ?? spec.notBefore;
}
