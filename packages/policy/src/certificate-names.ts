import type { NameAttribute, SubjectAlternativeName } from "@capstan/ca-core";
import { shortNameOf } from "./attribute-types.ts";
import { writeOtherName } from "./other-name.ts";
import { parseName } from "./parse-name.ts";

/** What counts here of `spec` of a cert-manager Certificate (cert-manager.io/v1). */
export interface CertificateSpec {
  readonly commonName?: string | undefined;
  readonly subject?:
    | {
        readonly organizations?: readonly string[] | undefined;
        readonly countries?: readonly string[] | undefined;
        readonly organizationalUnits?: readonly string[] | undefined;
        readonly localities?: readonly string[] | undefined;
        readonly provinces?: readonly string[] | undefined;
        readonly streetAddresses?: readonly string[] | undefined;
        readonly postalCodes?: readonly string[] | undefined;
        readonly serialNumber?: string | undefined;
      }
    | undefined;
  readonly literalSubject?: string | undefined;
  readonly dnsNames?: readonly string[] | undefined;
  readonly emailAddresses?: readonly string[] | undefined;
  readonly ipAddresses?: readonly string[] | undefined;
  readonly uris?: readonly string[] | undefined;
  readonly otherNames?: readonly { readonly oid: string; readonly utf8Value: string }[] | undefined;
  /** A Go duration. */
  readonly duration?: string | undefined;
  readonly usages?: readonly string[] | undefined;
  readonly isCA?: boolean | undefined;
  readonly privateKey?: { readonly algorithm?: string | undefined; readonly size?: number | undefined } | undefined;
  readonly nameConstraints?: unknown;
}

/** The names that cert-manager puts into the request for a Certificate, and the field that each comes from. */
export interface CertificateNames {
  readonly subject: readonly NameAttribute[];
  /** By attribute type. */
  readonly subjectFields: ReadonlyMap<string, string>;
  readonly sharedRdnTypes: readonly string[];
  readonly subjectAlternativeNames: readonly SubjectAlternativeName[];
  /** One for each alternative name. */
  readonly alternativeNameFields: readonly string[];
}

/** In the order in which cert-manager writes them; several values of a type share one RDN (Go's crypto/x509/pkix). */
const subjectMembers = [
  ["countries", "2.5.4.6"],
  ["organizations", "2.5.4.10"],
  ["organizationalUnits", "2.5.4.11"],
  ["localities", "2.5.4.7"],
  ["provinces", "2.5.4.8"],
  ["streetAddresses", "2.5.4.9"],
  ["postalCodes", "2.5.4.17"],
] as const;

/** Undefined where the literal subject cannot be read. */
export function namesOfCertificate(spec: CertificateSpec): CertificateNames | undefined {
  const rdns = spec.literalSubject === undefined ? plainSubject(spec) : literalSubject(spec.literalSubject);
  if (rdns === undefined) return undefined;
  const alternatives = alternativeNames(spec);
  const attributes = rdns.flatMap(({ attributes, field }) => attributes.map(({ type }) => [type, field] as const));
  return {
    subject: rdns.flatMap(({ attributes }) => attributes),
    // The first field wins: there is one for each type but in a literal subject, where all are the same.
    subjectFields: new Map(attributes.toReversed()),
    sharedRdnTypes: rdns.flatMap(({ attributes }) => (attributes.length > 1 ? attributes.map(({ type }) => type) : [])),
    subjectAlternativeNames: alternatives.map(({ name }) => name),
    alternativeNameFields: alternatives.map(({ field }) => field),
  };
}

interface Rdn {
  readonly attributes: readonly NameAttribute[];
  readonly field: string;
}

function plainSubject({ commonName, subject = {} }: CertificateSpec): readonly Rdn[] {
  const rdn = (oid: string, field: string, values: readonly string[]): Rdn[] =>
    values.length === 0 ? [] : [{ field, attributes: values.map((value) => ({ type: shortNameOf(oid), oid, value })) }];
  const only = (value: string | undefined): string[] => (value === undefined || value === "" ? [] : [value]);
  return [
    ...subjectMembers.flatMap(([member, oid]) => rdn(oid, `spec.subject.${member}`, subject[member] ?? [])),
    ...rdn("2.5.4.3", "spec.commonName", only(commonName)),
    ...rdn("2.5.4.5", "spec.subject.serialNumber", only(subject.serialNumber)),
  ];
}

/** RFC 4514, 2.1: the text begins with the last RDN. */
function literalSubject(text: string): readonly Rdn[] | undefined {
  return parseName(text)
    ?.map((attributes) => ({ attributes, field: "spec.literalSubject" }))
    .toReversed();
}

function alternativeNames(
  spec: CertificateSpec,
): readonly { readonly name: SubjectAlternativeName; readonly field: string }[] {
  const of = (kind: SubjectAlternativeName["kind"], member: string, values: readonly string[] = []) =>
    values.map((value, index) => ({ name: { kind, value }, field: `spec.${member}[${index}]` }));
  return [
    ...of("DNS", "dnsNames", spec.dnsNames),
    ...of("Email", "emailAddresses", spec.emailAddresses),
    ...of("IP", "ipAddresses", spec.ipAddresses?.map(canonicalAddress)),
    ...of("URI", "uris", spec.uris),
    ...of(
      "otherName",
      "otherNames",
      spec.otherNames?.map(({ oid, utf8Value }) => writeOtherName(oid, utf8Value)),
    ),
  ];
}

/** In the request an address is octets, of which ca-core shows the one text that RFC 5952 has for them. */
function canonicalAddress(text: string): string {
  if (!text.includes(":") || !URL.canParse(`http://[${text}]/`)) return text;
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}
