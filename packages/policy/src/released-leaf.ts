import type { IssuedCertificate } from "@capstan/api";
import type { NameAttribute, SanKind } from "@capstan/ca-core";
import { oidOfAttribute } from "./attribute-types.ts";
import type { ReleasedNames } from "./grace.ts";

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
 */
export function namesOfRecord(record: Record): ReleasedNames | undefined {
  const subject = parseName(record.subject);
  if (subject === undefined) return undefined;
  const subjectAlternativeNames = alternativeNames.flatMap(([member, kind]) =>
    (record[member] ?? []).map((value) => ({ kind, value })),
  );
  return { subject, subjectAlternativeNames };
}

/** Reads a name as ca-core's formatName writes it: RFC 4514, in the order of the certificate, one attribute after the other. */
export function parseName(text: string): readonly NameAttribute[] | undefined {
  if (text === "") return [];
  const attributes = splitUnescaped(text).map(parseAttribute);
  return attributes.every((attribute) => attribute !== undefined) ? attributes : undefined;
}

/** At commas that no backslash stands before, which itself is not escaped. */
function splitUnescaped(text: string): readonly string[] {
  const parts = [""];
  for (const [token] of text.matchAll(/\\.|[^\\]/gsu)) {
    if (token === ",") parts.push("");
    else parts[parts.length - 1] += token;
  }
  return parts;
}

function parseAttribute(text: string): NameAttribute | undefined {
  const equals = text.indexOf("=");
  const type = text.slice(0, Math.max(equals, 0));
  if (!/^([A-Za-z]+|\d+(\.\d+)+)$/.test(type)) return undefined;
  return { type, oid: oidOfAttribute(type), value: unescape(text.slice(equals + 1)) };
}

/** RFC 4514, 2.4: an escaped character, or a control character as two hex digits. */
function unescape(value: string): string {
  return value.replaceAll(/\\([0-9a-f]{2}|.)/gsu, (_, escaped: string) =>
    escaped.length === 2 && /^[0-9a-f]{2}$/.test(escaped)
      ? String.fromCodePoint(Number.parseInt(escaped, 16))
      : escaped,
  );
}
