import type { CapstanClusterIssuer, CertificateAuthority, IssuedCertificate } from "@capstan/api";
import { checkAgainstProfile, formatViolations } from "@capstan/ca-core";
import { attestRequester } from "./attest-requester.ts";
import { grantDuration } from "./check-duration.ts";
import { checkNames } from "./check-names.ts";
import { checkRequester, type Requester } from "./check-requester.ts";
import { emptyRequest } from "./empty-request.ts";
import type { IssuerSpec } from "./name-rules.ts";
import type { PolicyViolation } from "./policy-violation.ts";
import { namesOfRecord } from "./released-leaf.ts";

/** As an issuer's status holds it, but for the generation that was asked. */
export type LiveLeaves = Omit<
  NonNullable<NonNullable<CapstanClusterIssuer["status"]>["liveLeaves"]>,
  "observedGeneration"
>;

export interface LeafReview {
  readonly issuer: {
    readonly kind: "CapstanIssuer" | "CapstanClusterIssuer";
    readonly name: string;
    /** Of a CapstanIssuer. */
    readonly namespace?: string | undefined;
    readonly spec: IssuerSpec;
  };
  readonly authority: CertificateAuthority["spec"];
  /** Labels of a namespace, as they are now; undefined when it does not exist. */
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>> | undefined;
  readonly proxies?: readonly string[] | undefined;
  readonly now: Date;
}

/** What a status message can hold. */
const maxViolationLength = 1_024;

/**
 * How many of the live leaves in these records an issuer would refuse today, if they were asked for again: by requester,
 * names and duration. Usages, keys and conditions in CEL are not in the ledger. Leaves of other issuers, of namespaces that
 * are gone, expired and revoked ones do not count. Takes about 20 µs a record: give it pages.
 *
 * @example
 * const { checked, refused, example } = countRefusedLeaves(records, { issuer, authority, namespaceLabels, now });
 */
export function countRefusedLeaves(records: readonly IssuedCertificate[], review: LeafReview): LiveLeaves {
  let checked = 0;
  let refused = 0;
  let example: LiveLeaves["example"];
  for (const record of records) {
    if (!counts(record, review)) continue;
    checked++;
    const violations = reviewLeaf(record.spec, review);
    if (violations.length === 0) continue;
    refused++;
    example ??= {
      record: record.metadata.name,
      namespace: record.spec.requestNamespace ?? "",
      violation: formatViolations(violations.slice(0, 1)).slice(0, maxViolationLength),
    };
  }
  return { checked, refused, ...(example === undefined ? {} : { example }) };
}

/**
 * Two pages as one.
 *
 * @example
 * const whole = pages.map((page) => countRefusedLeaves(page, review)).reduce(addLiveLeaves);
 */
export function addLiveLeaves(one: LiveLeaves, other: LiveLeaves): LiveLeaves {
  const example = one.example ?? other.example;
  return {
    checked: one.checked + other.checked,
    refused: one.refused + other.refused,
    ...(example === undefined ? {} : { example }),
  };
}

function counts({ spec, status }: IssuedCertificate, { issuer, namespaceLabels, now }: LeafReview): boolean {
  const { requestNamespace } = spec;
  return (
    spec.purpose === "Workload" &&
    spec.issuerKind === issuer.kind &&
    spec.issuerName === issuer.name &&
    (issuer.kind === "CapstanClusterIssuer" || requestNamespace === issuer.namespace) &&
    status?.revoked === undefined &&
    Date.parse(spec.notAfter) > now.getTime() &&
    (requestNamespace === undefined || namespaceLabels(requestNamespace) !== undefined)
  );
}

function reviewLeaf(spec: IssuedCertificate["spec"], review: LeafReview): readonly PolicyViolation[] {
  const { issuer, authority } = review;
  const names = namesOfRecord(spec);
  // A record that cannot be read says nothing about the policy.
  if (names === undefined) return [];
  const requester = requesterOf(spec, review);
  const request = { ...emptyRequest, ...names };
  const askedMs = Date.parse(spec.notAfter) - Date.parse(spec.notBefore);
  const duration = grantDuration({ askedMs, issuer, maximum: authority.maxLeafDuration });
  return [
    ...checkRequester({ requester, issuer, authority }),
    ...checkAgainstProfile({ profile: issuer.spec.profile, request }),
    ...checkNames({ request, known: requester, issuer }),
    ...(duration.ok ? [] : [duration.violation]),
  ];
}

/** Who asked, as far as the ledger knows: it was attested then. */
function requesterOf(
  { requestNamespace, requestKind, requester: username = "", owner }: IssuedCertificate["spec"],
  { issuer, namespaceLabels, proxies }: LeafReview,
): Requester {
  const [, , accountNamespace] = username.split(":");
  const maker = {
    username,
    groups: [`system:serviceaccounts:${accountNamespace ?? ""}`],
    extra: owner?.kind === "Pod" ? { "authentication.kubernetes.io/pod-name": [owner.name] } : {},
  };
  const annotations = owner?.kind === "Certificate" ? { "cert-manager.io/certificate-name": owner.name } : {};
  const attested = attestRequester(
    maker,
    requestKind === "CertificateSigningRequest" || requestNamespace === undefined
      ? { kind: "CertificateSigningRequest", issuerNamespace: issuer.namespace }
      : { kind: "CertificateRequest", namespace: requestNamespace, annotations },
    proxies,
  );
  const namespaceLabelsNow = requestNamespace === undefined ? undefined : namespaceLabels(requestNamespace);
  return { ...attested, namespace: requestNamespace, namespaceLabels: namespaceLabelsNow ?? {} };
}
