import type { Sessions, Subject } from "./group-judgements.ts";
import type { Verdict } from "./judgement.ts";
import type { Publication } from "./read-publication.ts";

/** What `-o json` prints for one subject. What is not known is left out. */
export interface Answer {
  /** The first clue to it, as it was given. */
  readonly given: string;
  readonly verdict: Verdict;
  /** Lower-case hex. */
  readonly serial: string;
  readonly evidence: readonly string[];
  /** From the ledger's record with this serial number. */
  readonly record?: {
    readonly name: string;
    readonly subject: string;
    readonly dnsNames: readonly string[];
    readonly uris: readonly string[];
    readonly notBefore: string;
    readonly notAfter: string;
    readonly namespace?: string;
    /** The Certificate or Pod that the request was made for. */
    readonly owner?: { readonly kind: string; readonly name: string; readonly uid: string };
    readonly request?: { readonly kind: string; readonly name: string };
    /** User name that the API server recorded on the request. */
    readonly requester?: string;
    readonly purpose: string;
    readonly issuer?: { readonly kind: string; readonly name: string };
    readonly authority: string;
    readonly generation: number;
    readonly publicKeySha256: string;
  };
  /** The record is of the certificate that was imitated, not of the one that was presented. */
  readonly isImitated?: true;
  readonly revoked?: {
    readonly at: string;
    readonly reason: string;
    readonly requestedBy?: string;
    /** namespace/name of the Revocation. */
    readonly revocation: string;
    /** Whether every trust anchor has it. Left out: its Revocation is gone or may not be read. */
    readonly published?: boolean;
    readonly anchors?: Publication["anchors"];
  };
  /** SHA-256 of the certificate that was presented, its DER, when there was one. */
  readonly certificateSha256?: string;
  readonly sessions?: Sessions;
}

export function answerOf(subject: Subject, publications: ReadonlyMap<string, Publication>): Answer {
  const { clue, verdict, serial, evidence, record, sessions } = subject;
  const revoked = record?.status?.revoked;
  const publication = revoked === undefined ? undefined : publications.get(record?.metadata.name ?? "");
  return {
    given: clue.given,
    verdict,
    serial,
    evidence,
    ...(record === undefined ? {} : { record: recordFacts(record) }),
    ...(subject.isImitated ? { isImitated: true } : {}),
    ...(revoked === undefined ? {} : { revoked: { ...revoked, ...publication } }),
    ...(clue.certificate === undefined ? {} : { certificateSha256: clue.certificate.sha256 }),
    ...(sessions === undefined ? {} : { sessions }),
  };
}

/** What of a record says whose its certificate is. */
export function recordFacts({ metadata, spec }: NonNullable<Subject["record"]>): NonNullable<Answer["record"]> {
  const { requestNamespace, requestKind, requestName, requester, owner, issuerKind, issuerName } = spec;
  return {
    name: metadata.name,
    subject: spec.subject,
    dnsNames: spec.dnsNames ?? [],
    uris: spec.uris ?? [],
    notBefore: spec.notBefore,
    notAfter: spec.notAfter,
    ...(requestNamespace === undefined ? {} : { namespace: requestNamespace }),
    ...(owner === undefined ? {} : { owner }),
    ...(requestName === undefined ? {} : { request: { kind: requestKind ?? "CertificateRequest", name: requestName } }),
    ...(requester === undefined ? {} : { requester }),
    purpose: spec.purpose,
    ...(issuerName === undefined ? {} : { issuer: { kind: issuerKind ?? "", name: issuerName } }),
    authority: spec.authority,
    generation: spec.generation,
    publicKeySha256: spec.publicKeySha256,
  };
}
