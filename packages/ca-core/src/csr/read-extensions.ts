import { MAX_PATH_LENGTH } from "../certificate/path-length.ts";
import { expectTag, fieldsOf, namedBitsOf, oidOf, takeDefaultFalse, unsignedOf } from "../der/fields.ts";
import { readDerInside, type DerNode } from "../der/read.ts";
import { TAG } from "../der/tag.ts";
import { DerError } from "../errors.ts";
import { OID } from "../lib/oids.ts";
import { usageOfBit, usageOfOid } from "../profile/usages.ts";
import { readSan } from "../san/read-san.ts";
import type { SubjectAlternativeName } from "../san/subject-alternative-name.ts";
import type { Violation, ViolationCode } from "../violation.ts";
import type { RequestedExtensions } from "./certification-request.ts";

export interface ReadExtensions {
  readonly subjectAlternativeNames: readonly SubjectAlternativeName[];
  readonly requested: RequestedExtensions;
  readonly violations: readonly Violation[];
}

/** What one extension adds to the whole. */
type Part = Partial<Omit<ReadExtensions, "requested">> & { readonly requested?: RequestedExtensions };

/** The only extensions that a request may carry: those that ask for something which is then decided. */
const READERS: {
  readonly [oid: string]: { readonly name: string; readonly read: (value: DerNode, field: string) => Part };
} = {
  [OID.subjectAltName]: { name: "subjectAltName", read: readSubjectAltName },
  [OID.basicConstraints]: { name: "basicConstraints", read: readBasicConstraints },
  [OID.keyUsage]: { name: "keyUsage", read: readKeyUsage },
  [OID.extendedKeyUsage]: { name: "extendedKeyUsage", read: readExtendedKeyUsage },
};

/**
 * Reads the Extensions of an extensionRequest (RFC 2985, 5.4.2). Unknown ones are refused, critical or not: the
 * requester meant something by them, and nothing of it would be in the certificate.
 *
 * @throws DerError when it is not a list of extensions at all
 */
export function readExtensions(node: DerNode, prefix: string): ReadExtensions {
  expectTag(node, TAG.sequence, "Extensions");
  const violations: Violation[] = [];
  if (node.children.length === 0) {
    const rule = "the list of extensions is empty (RFC 5280, 4.1)";
    violations.push({ code: "ERR_CSR_EXTENSIONS_EMPTY", field: `${prefix}extensions`, rule });
  }
  const seen = new Set<string>();
  let subjectAlternativeNames: readonly SubjectAlternativeName[] = [];
  let requested: RequestedExtensions = {};
  for (const child of node.children) {
    const fields = fieldsOf(child, TAG.sequence, "Extension");
    const oid = oidOf(fields.takeAny("extnID"), "extnID");
    takeDefaultFalse(fields);
    const octets = fields.take(TAG.octetString, "extnValue");
    fields.end();
    const reader = READERS[oid];
    const field = `${prefix}${reader?.name ?? `extension ${oid}`}`;
    if (seen.has(oid)) {
      violations.push({
        code: "ERR_CSR_EXTENSION_DUPLICATE",
        field,
        rule: "the extension appears twice (RFC 5280, 4.2)",
      });
      continue;
    }
    seen.add(oid);
    if (reader === undefined) {
      const cure = "leave it out of the request";
      violations.push({ code: "ERR_CSR_EXTENSION_UNKNOWN", field, rule: "this extension cannot be requested", cure });
      continue;
    }
    const part = readPart(reader.read, octets, field);
    subjectAlternativeNames = part.subjectAlternativeNames ?? subjectAlternativeNames;
    requested = { ...requested, ...part.requested };
    violations.push(...(part.violations ?? []));
  }
  return { subjectAlternativeNames, requested, violations };
}

/** A fault inside one extension leaves the others readable. */
function readPart(read: (value: DerNode, field: string) => Part, octets: DerNode, field: string): Part {
  try {
    return read(readDerInside(octets), field);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    return { violations: [{ code: error.code, field, rule: error.message }] };
  }
}

function readSubjectAltName(value: DerNode, field: string): Part {
  const { names, violations } = readSan(value, field);
  return { subjectAlternativeNames: names, violations };
}

function readBasicConstraints(value: DerNode, field: string): Part {
  const fields = fieldsOf(value, TAG.sequence, "BasicConstraints");
  const ca = takeDefaultFalse(fields);
  const pathLengthNode = fields.takeOptional(TAG.integer);
  fields.end();
  if (pathLengthNode === undefined) return { requested: { ca } };
  const pathLength = unsignedOf(pathLengthNode, "pathLenConstraint");
  if (!ca) return refused("ERR_CSR_BASIC_CONSTRAINTS", field, "pathLenConstraint without cA (RFC 5280, 4.2.1.9)");
  if (pathLength > MAX_PATH_LENGTH)
    return refused("ERR_CSR_BASIC_CONSTRAINTS", field, `pathLenConstraint is over ${MAX_PATH_LENGTH}`);
  return { requested: { ca, pathLength: Number(pathLength) } };
}

function readKeyUsage(value: DerNode, field: string): Part {
  const names = namedBitsOf(value, "KeyUsage").map(usageOfBit);
  const keyUsages = names.filter((name) => name !== undefined);
  if (names.length === 0) return refused("ERR_CSR_KEY_USAGE", field, "no bit is set (RFC 5280, 4.2.1.3)");
  if (keyUsages.length !== names.length) return refused("ERR_CSR_KEY_USAGE", field, "a bit is set that has no meaning");
  return { requested: { keyUsages } };
}

function readExtendedKeyUsage(value: DerNode, field: string): Part {
  expectTag(value, TAG.sequence, "ExtKeyUsageSyntax");
  const oids = value.children.map((child) => oidOf(child, "KeyPurposeId"));
  if (oids.length === 0) return refused("ERR_CSR_EXTENDED_KEY_USAGE", field, "the list is empty (RFC 5280, 4.2.1.12)");
  if (new Set(oids).size !== oids.length)
    return refused("ERR_CSR_EXTENDED_KEY_USAGE", field, "a purpose appears twice");
  return { requested: { extendedKeyUsages: oids.map((oid) => usageOfOid(oid) ?? oid) } };
}

function refused(code: ViolationCode, field: string, rule: string): Part {
  return { violations: [{ code, field, rule }] };
}
