import type { IssuedCertificate } from "@capstan/api";
import type { SanKind } from "@capstan/ca-core";
import type { ReleasedNames } from "./grace.ts";
import { parseName } from "./parse-name.ts";

type Record = IssuedCertificate["spec"];

/** The members of a record that hold alternative names. */
const alternativeNames = [
  ["dnsNames", "DNS"],
  ["uris", "URI"],
  ["ipAddresses", "IP"],
  ["emailAddresses", "Email"],
  ["otherNames", "otherName"],
] as const satisfies readonly (readonly [keyof Record, SanKind])[];

/**
 * The names of a leaf that a ledger record tells of; undefined when its subject cannot be read. Alternative names come by
 * kind, not in the order of the certificate.
 *
 * @example
 * namesOfRecord(record.spec)?.subject; // [{ type: "CN", oid: "2.5.4.3", value: "web.demo" }]
 */
export function namesOfRecord(record: Record): ReleasedNames | undefined {
  // As ca-core's formatName writes it: in the order of the certificate, whose RDNs hold one attribute each in this form.
  const subject = parseName(record.subject)?.flat();
  if (subject === undefined) return undefined;
  const subjectAlternativeNames = alternativeNames.flatMap(([member, kind]) =>
    (record[member] ?? []).map((value) => ({ kind, value })),
  );
  return { subject, subjectAlternativeNames };
}
