import { createHash, type KeyObject } from "node:crypto";
import type { CertificateAuthority, IssuedCertificate } from "@capstan/api";
import { type NamePart, sessionAttributes } from "../check/session-attributes.ts";
import { formatTime } from "../output/human-time.ts";
import type { NameValues, PresentedCertificate } from "../presented-certificate.ts";
import { type Answer, recordFacts } from "../whois/answer.ts";
import type { Publication } from "../whois/read-publication.ts";
import { extendedKeyUsagesOf, keyUsagesOf } from "./key-usages.ts";

/** What `-o json` prints. What is not known is left out. */
export interface ShownLeaf {
  readonly certificate: {
    /** Lower-case hex. */
    readonly serial: string;
    readonly subject: string;
    readonly issuer: string;
    readonly alternativeNames: readonly { readonly kind: string; readonly value: string }[];
    readonly notBefore: string;
    readonly notAfter: string;
    /** `RSA-2048`, `ECDSA-P256`. */
    readonly keyAlgorithm: string;
    readonly publicKeySha256: string;
    readonly keyUsages: readonly string[];
    readonly extendedKeyUsages: readonly string[];
    readonly isCA: boolean;
    /** SHA-256 of the DER, lower-case hex. */
    readonly sha256: string;
  };
  /** What AWS makes of it where a profile maps all that a new one does. */
  readonly aws: {
    readonly sessionName: string;
    readonly sourceIdentity?: string;
    readonly sessionTags: Readonly<Record<string, string>>;
  };
  /** Of the ledger; left out when it has none or may not be read. */
  readonly record?: NonNullable<Answer["record"]>;
  readonly revoked?: NonNullable<Answer["revoked"]>;
  /** Left out when the authority may not be read. */
  readonly trustAnchors?: readonly ShownAnchor[];
}

/**
 * What a trust anchor makes of the leaf. Accepts: its bundle has the root, and nothing speaks against it. Revoking: it has not
 * been seen with the CRL yet, and may accept the leaf. Unknown: it is revoked, and its Revocation is gone or may not be read.
 */
export interface ShownAnchor {
  readonly name: string;
  readonly arn?: string;
  readonly state: "Accepts" | "Revoking" | "Refuses" | "DoesNotTrustItsRoot" | "Unknown";
  /** The CRL of the generation that the anchor was last read back with. */
  readonly crlNumber?: number;
  readonly readAt?: string;
}

export interface Found {
  readonly certificate: PresentedCertificate;
  readonly record: IssuedCertificate | undefined;
  /** Undefined when it may not be read, or is gone. */
  readonly authority: CertificateAuthority | undefined;
  readonly publication: Publication | undefined;
}

/** Puts together what was found. `now` in milliseconds since 1970. */
export function shownLeaf(found: Found, now: number): ShownLeaf {
  const { certificate, record, authority, publication } = found;
  const revoked = record?.status?.revoked;
  const { sourceIdentity, tags } = sessionAttributes({
    subject: partsOf(certificate.subjectValues),
    issuer: partsOf(certificate.issuerValues),
    alternativeNames: certificate.alternativeNames,
    serial: certificate.serial,
  });
  return {
    certificate: certificateFacts(certificate),
    aws: {
      sessionName: certificate.serial,
      ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
      sessionTags: Object.fromEntries(tags),
    },
    ...(record === undefined ? {} : { record: recordFacts(record) }),
    ...(revoked === undefined ? {} : { revoked: { ...revoked, ...publication } }),
    ...(record === undefined || authority === undefined
      ? {}
      : { trustAnchors: anchorsOf({ ...found, record, authority }, now) }),
  };
}

function certificateFacts(certificate: PresentedCertificate): ShownLeaf["certificate"] {
  const { x509, serial, subject, issuer, alternativeNames, notBefore, notAfter, sha256 } = certificate;
  const spki = x509.publicKey.export({ type: "spki", format: "der" });
  return {
    serial,
    subject,
    issuer,
    alternativeNames,
    notBefore: formatTime(notBefore),
    notAfter: formatTime(notAfter),
    keyAlgorithm: algorithmOf(x509.publicKey),
    publicKeySha256: createHash("sha256").update(spki).digest("hex"),
    keyUsages: keyUsagesOf(x509.raw),
    extendedKeyUsages: extendedKeyUsagesOf(x509.keyUsage),
    isCA: x509.ca,
    sha256,
  };
}

const curves: Readonly<Record<string, string>> = { prime256v1: "P256", secp384r1: "P384", secp521r1: "P521" };

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  const { modulusLength, namedCurve } = asymmetricKeyDetails ?? {};
  if (modulusLength !== undefined) return `RSA-${modulusLength}`;
  if (namedCurve !== undefined) return `ECDSA-${curves[namedCurve] ?? namedCurve}`;
  return asymmetricKeyType ?? "unknown";
}

function anchorsOf(
  {
    record: { spec, status },
    authority,
    publication,
  }: Found & { readonly record: IssuedCertificate; readonly authority: CertificateAuthority },
  now: number,
): readonly ShownAnchor[] {
  const root = authority.status?.generations?.find(({ number }) => number === spec.generation)?.fingerprint;
  const state = (name: string, bundle: readonly string[]): ShownAnchor["state"] => {
    if (Date.parse(spec.notAfter) <= now) return "Refuses";
    if (root === undefined || !bundle.includes(root)) return "DoesNotTrustItsRoot";
    if (status?.revoked === undefined) return "Accepts";
    if (publication === undefined) return "Unknown";
    const reached = publication.anchors.find((anchor) => anchor.name === name)?.published ?? publication.published;
    return reached ? "Refuses" : "Revoking";
  };
  return (authority.status?.trustAnchors ?? []).map(({ name, arn, bundle, crls, readAt }) => {
    const crlNumber = crls?.find(({ generation }) => generation === spec.generation)?.number;
    return {
      name,
      ...(arn === undefined ? {} : { arn }),
      state: state(name, bundle ?? []),
      ...(crlNumber === undefined ? {} : { crlNumber }),
      ...(readAt === undefined ? {} : { readAt }),
    };
  });
}

function partsOf(values: NameValues): readonly NamePart[] {
  return Object.entries(values).flatMap(([type, those]) => those.map((value) => ({ type, value })));
}
