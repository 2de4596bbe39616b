import type { CapstanClusterIssuer } from "@capstan/api";
import type { CertificationRequest } from "@capstan/ca-core";

/** `spec` of either issuer kind: the two have the same schema. */
export type IssuerSpec = CapstanClusterIssuer["spec"];

/** A kind of name that an issuer's policy can have a rule for. */
export interface NameRule {
  readonly rule: keyof IssuerSpec["policy"];
  readonly place: "subject" | "subjectAltName";
  /** Short name of the attribute type ("CN") or kind of the subject alternative name ("DNS"), as ca-core has it. */
  readonly kind: string;
}

/** A kind of name that stands nowhere here is always refused. */
export const nameRules: readonly NameRule[] = [
  { rule: "commonName", place: "subject", kind: "CN" },
  { rule: "organization", place: "subject", kind: "O" },
  { rule: "organizationalUnit", place: "subject", kind: "OU" },
  { rule: "dnsNames", place: "subjectAltName", kind: "DNS" },
  { rule: "uris", place: "subjectAltName", kind: "URI" },
];

/** A name of the request. */
export interface RequestedName extends Pick<NameRule, "place" | "kind"> {
  /** Where the user finds it, as ca-core writes it. */
  readonly field: string;
  readonly value: string;
}

/** Every name of the request, in its order. */
export function requestedNames(request: CertificationRequest): readonly RequestedName[] {
  return [
    ...request.subject.map(({ type, value }) => ({
      field: `spec.request: subject.${type}`,
      place: "subject" as const,
      kind: type,
      value,
    })),
    ...request.subjectAlternativeNames.map(({ kind, value }, index) => ({
      field: `spec.request: subjectAltName[${index}]`,
      place: "subjectAltName" as const,
      kind,
      value,
    })),
  ];
}
