/** GeneralName (RFC 5280, 4.2.1.6) by the number of its context tag. */
export const SAN_KINDS = [
  "otherName",
  "Email",
  "DNS",
  "x400Address",
  "directoryName",
  "ediPartyName",
  "URI",
  "IP",
  "registeredID",
] as const;

export type SanKind = (typeof SAN_KINDS)[number];

export interface SubjectAlternativeName {
  readonly kind: SanKind;
  /** The text of DNS, URI and Email names; the canonical text of an IP (RFC 5952); lower-case hex of the DER of the rest. */
  readonly value: string;
}
