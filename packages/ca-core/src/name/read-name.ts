import { fieldsOf, expectTag, oidOf, structureError } from "../der/fields.ts";
import { contentOf, type DerNode } from "../der/read.ts";
import { TAG } from "../der/tag.ts";
import { DerError } from "../errors.ts";
import type { Violation } from "../violation.ts";
import { attributeTypeOf, type NameAttribute } from "./attribute-types.ts";

/** Attribute types whose syntax is IA5String: emailAddress (RFC 2985) and domainComponent (RFC 4519). */
const IA5_TYPES: ReadonlySet<string> = new Set(["1.2.840.113549.1.9.1", "0.9.2342.19200300.100.1.25"]);

const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]*$/;

export interface ReadName {
  readonly attributes: readonly NameAttribute[];
  /** The types of the attributes that share an RDN with another one. */
  readonly sharedRdnTypes: readonly string[];
  /** Values whose string type or bytes are refused; their attributes are left out above. */
  readonly violations: readonly Violation[];
}

/**
 * Reads a Name. Values must be UTF8String or PrintableString that are what they say (IA5String where the type demands
 * it): the old string types are read differently by different programs, which is how names get confused.
 *
 * @throws DerError when it is not a Name at all
 */
export function readName(node: DerNode, field: string): ReadName {
  expectTag(node, TAG.sequence, "Name");
  const attributes: NameAttribute[] = [];
  const sharedRdnTypes: string[] = [];
  const violations: Violation[] = [];
  for (const rdn of node.children) {
    expectTag(rdn, TAG.set, "RelativeDistinguishedName");
    if (rdn.children.length === 0) throw structureError(rdn.start, "RelativeDistinguishedName is empty");
    for (const member of rdn.children) {
      const fields = fieldsOf(member, TAG.sequence, "AttributeTypeAndValue");
      const oid = oidOf(fields.takeAny("type"), "type");
      const valueNode = fields.takeAny("value");
      fields.end();
      const type = attributeTypeOf(oid);
      if (rdn.children.length > 1) sharedRdnTypes.push(type);
      const value = readString(valueNode, oid);
      if (typeof value === "string") attributes.push({ oid, type, value });
      else violations.push({ ...value, field: `${field}.${type}` });
    }
  }
  return { attributes, sharedRdnTypes, violations };
}

/** As readName, for names that we or another CA wrote: any fault is an error. */
export function readTrustedName(node: DerNode): readonly NameAttribute[] {
  const { attributes, violations } = readName(node, "name");
  const [first] = violations;
  if (first !== undefined) throw new DerError("ERR_DER_STRING", node.start, `${first.field}: ${first.rule}`);
  return attributes;
}

function readString(node: DerNode, oid: string): string | Pick<Violation, "code" | "rule"> {
  const bytes = contentOf(node);
  const latin1 = (): string => Buffer.from(bytes).toString("latin1");
  if (node.tag === TAG.utf8String) {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return { code: "ERR_NAME_STRING", rule: "the value is not valid UTF-8 (RFC 3629)" };
    }
  }
  if (node.tag === TAG.printableString) {
    const text = latin1();
    if (PRINTABLE.test(text)) return text;
    return { code: "ERR_NAME_STRING", rule: "the value has characters that PrintableString does not (X.680, 41.4)" };
  }
  if (node.tag === TAG.ia5String && IA5_TYPES.has(oid)) {
    const text = latin1();
    if (/^[\0-\x7f]*$/.test(text)) return text;
    return { code: "ERR_NAME_STRING", rule: "the value has characters that IA5String does not" };
  }
  return { code: "ERR_NAME_STRING_TYPE", rule: "the value must be UTF8String or PrintableString (RFC 5280, 4.1.2.4)" };
}
