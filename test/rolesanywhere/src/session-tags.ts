import type { Certificate } from "./certificate.ts";
import type { DistinguishedName } from "./distinguished-name.ts";
import type { Unknowns } from "./unknowns.ts";

// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping.html

/** What a certificate says about the session that it starts. */
export interface SessionAttributes {
  /** By key, for example `x509Subject/CN`. */
  readonly tags: ReadonlyMap<string, string>;
  /** Specifiers whose value STS does not take as a tag; they are left out of `tags`. */
  readonly unmapped: {
    readonly issuer: readonly string[];
    readonly subject: readonly string[];
    readonly san: readonly string[];
  };
  /** Undefined when the common name does not fit. */
  readonly sourceIdentity: string | undefined;
  /** The serial as lower-case hex, with the sign octet `00` of its DER. */
  readonly sessionName: string;
}

/** STS's pattern for tag keys and values, and the one that CreateSession documents for the source identity. */
const ACCEPTED = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** STS's own pattern for a source identity. */
const STS_IDENTITY = /^[\w+=,.@-]*$/;

const MAX_KEY_LENGTH = 128;
const MAX_VALUE_LENGTH = 256;

/** A CN of up to 61 characters gets the prefix `CN=`, one of up to 64 stands alone. */
const MAX_PREFIXED_CN = 61;
const MAX_CN = 64;

/** Applies the mapping that every new profile has: all of subject and issuer; the first DNS name, URI and directory name. */
export function readSessionAttributes(
  leaf: Certificate,
  unknowns: Pick<Unknowns, "sourceIdentity">,
): SessionAttributes {
  const { dns, uri, directory } = leaf.alternativeNames;
  const directoryName = directory[0];
  const subject = joinRepeated(leaf.subject);
  const mapped = {
    subject: mapField("x509Subject", subject),
    issuer: mapField("x509Issuer", joinRepeated(leaf.issuer)),
    san: mapField("x509SAN", [
      ...dns.slice(0, 1).map((value) => ["DNS", value] as const),
      ...uri.slice(0, 1).map((value) => ["URI", value] as const),
      ...(directoryName === undefined ? [] : joinRepeated(directoryName)).map(
        ([type, value]) => [`Name/${type}`, value] as const,
      ),
    ]),
  };
  return {
    tags: new Map([...mapped.subject.tags, ...mapped.issuer.tags, ...mapped.san.tags]),
    unmapped: {
      issuer: mapped.issuer.unmapped,
      subject: mapped.subject.unmapped,
      san: mapped.san.unmapped,
    },
    sourceIdentity: sourceIdentity(subject.find(([type]) => type === "CN")?.[1], leaf.serial, unknowns),
    sessionName: leaf.serialHex,
  };
}

function sourceIdentity(
  commonName: string | undefined,
  serial: bigint,
  unknowns: Pick<Unknowns, "sourceIdentity">,
): string | undefined {
  if (commonName === undefined) {
    const hex = serial.toString(16);
    return `ID=${hex.length % 2 === 0 ? hex : `0${hex}`}`;
  }
  if (!(unknowns.sourceIdentity === "narrow" ? STS_IDENTITY : ACCEPTED).test(commonName) || commonName.length > MAX_CN)
    return undefined;
  return commonName.length <= MAX_PREFIXED_CN ? `CN=${commonName}` : commonName;
}

type Attributes = readonly (readonly [type: string, value: string])[];

/** Attributes of one type become one value, joined by `/` in certificate order. */
function joinRepeated(name: DistinguishedName): Attributes {
  const values = new Map<string, string>();
  for (const { type, value } of name.attributes) {
    const before = values.get(type);
    values.set(type, before === undefined ? value : `${before}/${value}`);
  }
  return [...values];
}

function mapField(
  field: string,
  attributes: Attributes,
): { readonly tags: Attributes; readonly unmapped: readonly string[] } {
  const isTag = ([specifier, value]: readonly [string, string]): boolean =>
    field.length + 1 + specifier.length <= MAX_KEY_LENGTH && value.length <= MAX_VALUE_LENGTH && ACCEPTED.test(value);
  return {
    tags: attributes.filter(isTag).map(([specifier, value]) => [`${field}/${specifier}`, value] as const),
    unmapped: attributes.filter((attribute) => !isTag(attribute)).map(([specifier]) => specifier),
  };
}
