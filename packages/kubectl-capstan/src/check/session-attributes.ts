// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping.html

/** One attribute of a distinguished name, the type as AWS and OpenSSL write it: `CN`, `OU`, or a dotted object identifier. */
export interface NamePart {
  readonly type: string;
  readonly value: string;
}

/** What of a certificate AWS looks at when it starts a session. */
export interface CertifiedNames {
  readonly subject: readonly NamePart[];
  readonly issuer: readonly NamePart[];
  /** In the order of the certificate; other kinds than DNS and URI are not mapped. */
  readonly alternativeNames: readonly { readonly kind: string; readonly value: string }[];
  /** Lower-case hex; undefined while there is no certificate. */
  readonly serial?: string;
}

/** What a role's trust policy can look at. */
export interface SessionAttributes {
  /** `sts:SourceIdentity`; undefined where STS would not take it. */
  readonly sourceIdentity: string | undefined;
  /** `aws:PrincipalTag/…`, by key without that beginning. */
  readonly tags: ReadonlyMap<string, string>;
  /** Keys whose value STS does not take: AWS refuses the session over them, or drops them without a word. */
  readonly unmapped: readonly string[];
}

/** STS: of tag keys and values, and by the CreateSession page of source identities. */
const accepted = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const maxKeyLength = 128;
const maxValueLength = 256;
/** A common name of up to 61 characters gets `CN=` before it, one of up to 64 stands alone. */
const maxPrefixedName = 61;
const maxName = 64;

/**
 * What AWS makes of a certificate's names: session tags and source identity. Attributes of one type are joined by "/" in
 * the order of the certificate; of DNS names and URIs only the first counts.
 *
 * @example
 * sessionAttributes({ subject: [{ type: "CN", value: "web.demo" }], issuer: [], alternativeNames: [] }).sourceIdentity; // "CN=web.demo"
 */
export function sessionAttributes(names: CertifiedNames): SessionAttributes {
  const first = (kind: string): readonly NamePart[] =>
    names.alternativeNames
      .filter((name) => name.kind === kind)
      .slice(0, 1)
      .map(({ value }) => ({ type: kind, value }));
  const subject = joined(names.subject);
  const candidates = [
    ...tagsOf("x509Subject", subject),
    ...tagsOf("x509Issuer", joined(names.issuer)),
    ...tagsOf("x509SAN", [...first("DNS"), ...first("URI")]),
  ];
  const isTag = ([key, value]: readonly [string, string]): boolean =>
    key.length <= maxKeyLength && value.length <= maxValueLength && accepted.test(value);
  return {
    sourceIdentity: sourceIdentityOf(subject.find(({ type }) => type === "CN")?.value, names.serial),
    tags: new Map(candidates.filter(isTag)),
    unmapped: candidates.filter((tag) => !isTag(tag)).map(([key]) => key),
  };
}

/** As every new profile maps them: https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping.html */
function tagsOf(field: string, parts: readonly NamePart[]): readonly (readonly [string, string])[] {
  return parts.map(({ type, value }) => [`${field}/${type}`, value] as const);
}

function joined(parts: readonly NamePart[]): readonly NamePart[] {
  const values = new Map<string, string>();
  for (const { type, value } of parts) {
    const before = values.get(type);
    values.set(type, before === undefined ? value : `${before}/${value}`);
  }
  return [...values].map(([type, value]) => ({ type, value }));
}

function sourceIdentityOf(commonName: string | undefined, serial: string | undefined): string | undefined {
  if (commonName === undefined) {
    return serial === undefined ? "ID= and the serial number" : `ID=${serial.length % 2 === 0 ? serial : `0${serial}`}`;
  }
  if (!accepted.test(commonName) || commonName.length > maxName) return undefined;
  return commonName.length <= maxPrefixedName ? `CN=${commonName}` : commonName;
}
