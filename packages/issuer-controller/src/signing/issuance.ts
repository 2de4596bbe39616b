import { createHash } from "node:crypto";
import { attestRequester, type AttestedRequester, type RequestPlace } from "@capstan/policy";
import { DurationError, type IssuedCertificate, parseDuration } from "@capstan/api";
import type { IssuerRef } from "../issuers/issuer-kinds.ts";
import type { RequestViolation } from "./request-violation.ts";

/** Who made a request, as the API server recorded it. */
export interface Requester {
  readonly username: string;
  readonly uid?: string | undefined;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

export type Owner = NonNullable<IssuedCertificate["spec"]["owner"]>;

/**
 * What is asked to be signed, whichever API it was asked through: signing, ledger and audit know nothing of
 * CertificateRequests and Kubernetes' CertificateSigningRequests.
 */
export interface Issuance {
  readonly requestKind: "CertificateRequest" | "CertificateSigningRequest";
  /** Of the request. It names the ledger record: there is one leaf for each. */
  readonly uid: string;
  /** Name of the request. */
  readonly name: string;
  /** Where the request stands. */
  readonly place: RequestPlace;
  /** Service accounts that make requests for others; undefined for those that are so by default. */
  readonly proxies: readonly string[] | undefined;
  /** What the platform attests of the requester: its namespace, if any, and perhaps its service account. */
  readonly attested: AttestedRequester;
  readonly issuer: IssuerRef;
  /** PEM of the PKCS#10 request, as it was sent. */
  readonly csr: Uint8Array;
  /** Milliseconds; undefined when the request names no duration. */
  readonly durationMs: number | undefined;
  /** As cert-manager and Kubernetes name them. */
  readonly usages: readonly string[];
  readonly isCa: boolean;
  readonly requester: Requester;
  /** What the request was made for; it may change, and is not part of what is asked. */
  readonly owner?: Owner | undefined;
  /** What could not be read of the request: told together with every other violation, and never signed. */
  readonly faults: readonly RequestViolation[];
}

/**
 * SHA-256, in lower-case hex, over everything that an issuance asks for and who asks. A ledger record answers only the
 * request that it was made for: the uid names the record, the hash proves that the uid still asks for the same.
 */
export function hashIssuance(issuance: Issuance): string {
  const { requestKind, uid, name, attested, issuer, csr, durationMs, usages, isCa, requester } = issuance;
  const extra = Object.entries(requester.extra ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const asked = [
    requestKind,
    uid,
    name,
    attested.namespace ?? null,
    [issuer.kind, issuer.namespace ?? null, issuer.name],
    Buffer.from(csr).toString("base64"),
    durationMs ?? null,
    usages,
    isCa,
    [requester.username, requester.uid ?? null, requester.groups, extra],
  ];
  return createHash("sha256").update(JSON.stringify(asked)).digest("hex");
}

/** Who asks, from where, and what of it is attested. */
export function attest(
  requester: Requester,
  place: RequestPlace,
  proxies: readonly string[] | undefined,
): Pick<Issuance, "requester" | "place" | "proxies" | "attested"> {
  return { requester, place, proxies, attested: attestRequester(requester, place, proxies) };
}

/** Reads the duration in `field`, a Go duration as cert-manager writes them. */
export function readDuration(text: string | undefined, field: string): Pick<Issuance, "durationMs" | "faults"> {
  if (text === undefined) return { durationMs: undefined, faults: [] };
  try {
    return { durationMs: parseDuration(text), faults: [] };
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    return { durationMs: undefined, faults: [{ code: "ERR_DURATION", field, rule: error.message }] };
  }
}
