import {
  apiVersion,
  askedLabel,
  authorityLabel,
  type CertificateAuthority,
  type IssuedCertificate,
  notAfterLabel,
  quotaLabel,
} from "@capstan/api";
import { type CertificationRequest, formatName, type Leaf } from "@capstan/ca-core";
import { formatTime } from "@capstan/kube";
import type { GrantedLeaf } from "@capstan/policy";
import type { Issuer } from "../issuers/issuer-kinds.ts";
import { hashIssuance, type Issuance } from "./issuance.ts";
import { askedLabelOf } from "./released-before.ts";
import type { RequestViolation } from "./request-violation.ts";

// As the schema of IssuedCertificate bounds them: what does not fit must be known before anything is signed.
const maxSubjectLength = 4_096;
const maxNamesOfAKind = 64;
const maxRequesterLength = 512;

/** Which field of a record holds which kind of name. */
const fields = {
  DNS: "dnsNames",
  URI: "uris",
  IP: "ipAddresses",
  Email: "emailAddresses",
  otherName: "otherNames",
} as const;

const nameKinds = Object.keys(fields) as readonly (keyof typeof fields)[];

/** What keeps a leaf out of the ledger, and so from being signed. */
export function checkLedgerSize(
  leaf: Pick<GrantedLeaf, "subject" | "subjectAlternativeNames">,
): readonly RequestViolation[] {
  const { length } = formatName(leaf.subject);
  const code = "ERR_LEDGER_SIZE";
  const tooLong: readonly RequestViolation[] =
    length <= maxSubjectLength
      ? []
      : [
          {
            code,
            field: "spec.request: subject",
            rule: `${length} characters in the form of RFC 4514, and the ledger records at most ${maxSubjectLength}`,
            cure: "ask for a shorter subject",
          },
        ];
  const tooMany = nameKinds.flatMap((kind): RequestViolation[] => {
    const count = namesOf(leaf, kind).length;
    if (count <= maxNamesOfAKind) return [];
    const rule = `${count} names of kind ${kind}, and the ledger records at most ${maxNamesOfAKind}`;
    return [{ code, field: "spec.request: subjectAltName", rule, cure: "ask for several certificates" }];
  });
  return [...tooLong, ...tooMany];
}

/** The record of a leaf that answers a request. It is named by the request's uid: there is one for each. */
export function recordOf(input: {
  readonly issuance: Issuance;
  readonly issuer: Issuer;
  /** Name of the authority that signed. */
  readonly authority: string;
  readonly generation: number;
  readonly granted: GrantedLeaf;
  readonly publicKey: CertificationRequest["publicKey"];
  readonly leaf: Pick<Leaf, "serial" | "pem" | "notBefore" | "notAfter">;
  /** Value of the label that says which quota it was taken from; undefined where there is none. */
  readonly quota: string | undefined;
  /** Where the ledger is. */
  readonly namespace: string;
}): IssuedCertificate {
  const { issuance, issuer, authority, generation, granted, publicKey, leaf, quota, namespace } = input;
  const { uid, name, attested } = issuance;
  const requestNamespace = attested.namespace;
  const commonName = granted.subject.find(({ type }) => type === "CN")?.value;
  const names = nameKinds.map((kind) => [fields[kind], namesOf(granted, kind)] as const);
  return {
    apiVersion,
    kind: "IssuedCertificate",
    metadata: {
      name: uid,
      namespace,
      labels: {
        [authorityLabel]: authority,
        [notAfterLabel]: String(Math.floor(leaf.notAfter.getTime() / 1000)),
        [askedLabel]: askedLabelOf(issuance, { ...granted, publicKey }),
        ...(quota === undefined ? {} : { [quotaLabel]: quota }),
      },
    },
    spec: {
      serial: leaf.serial,
      subject: formatName(granted.subject),
      ...(commonName === undefined ? {} : { commonName }),
      ...Object.fromEntries(names.filter(([, values]) => values.length > 0)),
      notBefore: formatTime(leaf.notBefore.getTime()),
      notAfter: formatTime(leaf.notAfter.getTime()),
      authority,
      generation,
      purpose: "Workload",
      issuerKind: issuance.issuer.kind,
      issuerName: issuance.issuer.name,
      issuerGeneration: issuer.metadata.generation ?? 0,
      ...(requestNamespace === undefined ? {} : { requestNamespace }),
      requestKind: issuance.requestKind,
      requestName: name,
      ...(issuance.owner === undefined ? {} : { owner: issuance.owner }),
      requestHash: hashIssuance(issuance),
      requester: cut(issuance.requester.username, maxRequesterLength),
      publicKeySha256: publicKey.sha256,
      certificate: leaf.pem,
    },
  };
}

/** Why an existing record may not be handed out; undefined when it may. */
export function refusalOf(
  stored: IssuedCertificate,
  /** Of the request as it asks now. */
  requestHash: string,
  authority: CertificateAuthority,
  now: Date,
): string | undefined {
  const record = `ledger record ${stored.metadata.name}`;
  if (stored.spec.requestHash !== requestHash) return `${record} was made for another request`;
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
