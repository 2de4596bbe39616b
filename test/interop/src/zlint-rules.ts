import type { CertificatePlan } from "./certificate-plan.ts";
import { NAME_TAGS } from "./general-names.ts";
import { ATTRIBUTES, UTF8_STRING } from "./subject.ts";

/**
 * Where zlint's rules come from that a private CA is held to. The others speak for the public web: CA/Browser Forum,
 * browsers, logs of certificates.
 */
export const LINT_SOURCES: readonly string[] = ["RFC3279", "RFC5280", "RFC5480", "RFC5891", "RFC8813", "Community"];

/** A rule that certificates of ours break on purpose. One that is broken no more must go. */
export interface AllowedLint {
  readonly lint: string;
  readonly why: string;
  /** The certificates that may break it. */
  readonly mayBreak: (plan: Pick<CertificatePlan, "subject" | "names" | "purposes" | "isCa">) => boolean;
}

export const ALLOWED_LINTS: readonly AllowedLint[] = [
  {
    lint: "e_key_usage_and_extended_key_usage_inconsistent",
    why:
      "Usages are issued as they were asked for and allowed. RFC 5280, 4.2.1.12, lists bits that `may be consistent` with " +
      "a purpose; zlint makes that a closed list in which even key encipherment beside client auth is wrong, which is what " +
      "cert-manager asks for by default.",
    mayBreak: ({ purposes }) => purposes.length > 0,
  },
  {
    lint: "e_ext_san_uri_host_not_fqdn_or_ip",
    why:
      "The trust domain of a SPIFFE ID need not be fully qualified (SPIFFE-ID, 2.1). Beyond that zlint's pattern misses " +
      "hosts that are: two hyphens in a row, digits in the last label.",
    mayBreak: ({ names }) => names.some(({ tag }) => tag === NAME_TAGS.uri),
  },
  {
    lint: "e_subj_email_not_in_san",
    why:
      "Profile General keeps the subject of a request byte for byte, as cert-manager's literal subjects demand, and adds no " +
      "name that nobody asked for (RFC 5280, 4.1.2.6, wants the address among the alternative names).",
    mayBreak: ({ subject }) => subject.flat().some(({ type }) => type === ATTRIBUTES.emailAddress),
  },
  {
    lint: "e_subject_dn_serial_number_not_printable_string",
    why:
      "Byte for byte, as above: a serialNumber that was sent as UTF8String stays one (RFC 5280, A.1, has PrintableString). " +
      "The names that ca-core writes itself have the right type.",
    mayBreak: ({ subject }) =>
      subject.flat().some(({ type, tag }) => type === ATTRIBUTES.serialNumber && tag === UTF8_STRING),
  },
  {
    lint: "e_ca_subject_field_empty",
    why:
      "RFC 5280, 4.1.2.6, wants a CA to have a name. cert-manager's conformance suite asks issuers for one that has " +
      "alternative names alone, so profile General makes it where CA certificates are allowed at all.",
    mayBreak: ({ subject, isCa }) => isCa && subject.length === 0,
  },
];
