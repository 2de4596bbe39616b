import { quote, type CertificationRequest } from "@capstan/ca-core";
import { readOtherName, showOtherName } from "./other-name.ts";

/** A name of the request. */
export interface RequestedName {
  readonly place: "subject" | "subjectAltName";
  /** Short name of the attribute type ("CN") or kind of the subject alternative name ("DNS"), as ca-core has it. */
  readonly kind: string;
  /** Of the attribute's or otherName's type; undefined for other kinds of alternative names. */
  readonly oid: string | undefined;
  /** Where the user finds it, as ca-core writes it. */
  readonly field: string;
  /** What patterns are about; undefined where there is no text, which only allowAny allows. */
  readonly value: string | undefined;
  /** For messages. */
  readonly shown: string;
}

type Names = Pick<CertificationRequest, "subject" | "subjectAlternativeNames">;

/** Every name of the request, in its order. */
export function requestedNames({ subject, subjectAlternativeNames }: Names): readonly RequestedName[] {
  return [
    ...subject.map(({ type, oid, value }) => ({
      place: "subject" as const,
      kind: type,
      oid,
      field: `spec.request: subject.${type}`,
      value,
      shown: quote(value),
    })),
    ...subjectAlternativeNames.map((name, index) => {
      const { kind, value } = name;
      const place = "subjectAltName" as const;
      const field = `spec.request: subjectAltName[${index}]`;
      if (kind !== "otherName") return { place, kind, oid: undefined, field, value, shown: quote(value) };
      const other = readOtherName(name);
      return { place, kind, oid: other?.oid, field, value: other?.text, shown: showOtherName(other, value) };
    }),
  ];
}
