import {
  apiVersion,
  authorityLabel,
  type CertificateAuthority,
  type IssuedCertificate,
  notAfterLabel,
} from "@capstan/api";
import { type CertificationRequest, formatName, type Leaf } from "@capstan/ca-core";
import { formatTime } from "@capstan/kube";
import type { GrantedLeaf, PolicyViolation } from "@capstan/policy";
import type { CertificateRequest } from "../requests/certificate-request.ts";
import type { Issuer } from "../requests/decide-request.ts";
import { hashRequest } from "../requests/request-hash.ts";

/** As the schema of IssuedCertificate bounds them: what does not fit must be known before anything is signed. */
const maxNamesOfAKind = 64;
const maxRequesterLength = 512;

/** A leaf that the ledger cannot describe. */
export type LedgerViolation = Omit<PolicyViolation, "code"> & { readonly code: "ERR_LEDGER_SIZE" };

/** What keeps a leaf out of the ledger, and so from being signed. */
export function checkLedgerSize(leaf: Pick<GrantedLeaf, "subjectAlternativeNames">): readonly LedgerViolation[] {
  return ["DNS", "URI"].flatMap((kind) => {
    const count = namesOf(leaf, kind).length;
    if (count <= maxNamesOfAKind) return [];
    return {
      code: "ERR_LEDGER_SIZE",
      field: "spec.request: subjectAltName",
      rule: `${count} names of kind ${kind}, and the ledger records at most ${maxNamesOfAKind}`,
      cure: "ask for several certificates",
    };
  });
}

/** The record of a leaf that answers a request. It is named by the request's uid: there is one for each. */
export function recordOf(input: {
  readonly request: CertificateRequest;
  readonly issuer: Issuer;
  /** Name of the authority that signed. */
  readonly authority: string;
  readonly generation: number;
  readonly granted: GrantedLeaf;
  readonly publicKey: CertificationRequest["publicKey"];
  readonly leaf: Pick<Leaf, "serial" | "pem" | "notBefore" | "notAfter">;
  /** Where the ledger is. */
  readonly namespace: string;
}): IssuedCertificate {
  const { request, issuer, authority, generation, granted, publicKey, leaf, namespace } = input;
  const { uid, name, namespace: requestNamespace } = request.metadata;
  if (uid === undefined || requestNamespace === undefined) {
    throw new TypeError("a request from the API server has a uid and a namespace");
  }
  const commonName = granted.subject.find(({ type }) => type === "CN")?.value;
  const [dnsNames, uris] = [namesOf(granted, "DNS"), namesOf(granted, "URI")];
  return {
    apiVersion,
    kind: "IssuedCertificate",
    metadata: {
      name: uid,
      namespace,
      labels: { [authorityLabel]: authority, [notAfterLabel]: String(Math.floor(leaf.notAfter.getTime() / 1000)) },
    },
    spec: {
      serial: leaf.serial,
      subject: formatName(granted.subject),
      ...(commonName === undefined ? {} : { commonName }),
      ...(dnsNames.length === 0 ? {} : { dnsNames }),
      ...(uris.length === 0 ? {} : { uris }),
      notBefore: formatTime(leaf.notBefore.getTime()),
      notAfter: formatTime(leaf.notAfter.getTime()),
      authority,
      generation,
      purpose: "Workload",
      issuerKind: issuer.kind,
      issuerName: issuer.metadata.name,
      issuerGeneration: issuer.metadata.generation ?? 0,
      requestNamespace,
      requestName: name,
      requestHash: hashRequest(request),
      requester: cut(request.spec.username ?? "", maxRequesterLength),
      publicKeySha256: publicKey.sha256,
      certificate: leaf.pem,
    },
  };
}

/** Why an existing record may not be handed out; undefined when it may. */
export function refusalOf(
  stored: IssuedCertificate,
  asked: IssuedCertificate,
  authority: CertificateAuthority,
  now: Date,
): string | undefined {
  const record = `ledger record ${stored.metadata.name}`;
  if (stored.spec.requestHash !== asked.spec.requestHash) return `${record} was made for another request`;
  if (Date.parse(stored.spec.notAfter) <= now.getTime())
    return `${record} holds a certificate that has expired; ask anew`;
  if (stored.status?.revoked !== undefined) return `${record} holds a certificate that was revoked; ask anew`;
  const phase = authority.status?.generations?.find(({ number }) => number === stored.spec.generation)?.phase;
  if (stored.spec.authority !== authority.metadata.name || (phase !== "Active" && phase !== "Draining")) {
    return `${record} holds a certificate of generation ${stored.spec.generation}, which is no longer trusted; ask anew`;
  }
  return undefined;
}

function namesOf({ subjectAlternativeNames }: Pick<GrantedLeaf, "subjectAlternativeNames">, kind: string): string[] {
  return subjectAlternativeNames.filter((one) => one.kind === kind).map(({ value }) => value);
}

/** What was cut ends with an ellipsis. */
function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
