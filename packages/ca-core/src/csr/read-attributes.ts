import { expectTag, fieldsOf, oidOf } from "../der/fields.ts";
import { assertSetOf, type DerNode } from "../der/read.ts";
import { TAG, contextConstructed } from "../der/tag.ts";
import { OID } from "../lib/oids.ts";
import type { Violation } from "../violation.ts";
import { readExtensions, type ReadExtensions } from "./read-extensions.ts";

export interface ReadAttributes extends ReadExtensions {
  /** Types of the attributes that were left aside. */
  readonly ignored: readonly string[];
}

/**
 * Reads the attributes of a request: [0] IMPLICIT SET OF (RFC 2986, 4.1). One extensionRequest with one value is read;
 * others ask for nothing that a certificate holds and are left aside by name.
 *
 * @throws DerError when it is not a set of attributes
 */
export function readAttributes(node: DerNode, prefix: string): ReadAttributes {
  expectTag(node, contextConstructed(0), "attributes");
  assertSetOf(node.children);
  const violations: Violation[] = [];
  const seen = new Set<string>();
  let extensions: ReadExtensions = { subjectAlternativeNames: [], requested: {}, violations: [] };
  for (const child of node.children) {
    const fields = fieldsOf(child, TAG.sequence, "Attribute");
    const oid = oidOf(fields.takeAny("type"), "type");
    const values = fields.take(TAG.set, "values").children;
    fields.end();
    const field = `${prefix}attribute ${oid === OID.extensionRequest ? "extensionRequest" : oid}`;
    if (seen.has(oid)) {
      const rule = "the attribute appears twice (RFC 2986, 4.1)";
      violations.push({ code: "ERR_CSR_ATTRIBUTE_DUPLICATE", field, rule });
      continue;
    }
    seen.add(oid);
    if (oid !== OID.extensionRequest) continue;
    const [value] = values;
    if (value === undefined || values.length > 1) {
      const rule = `the attribute must have one value, not ${values.length} (RFC 2985, 5.4.2)`;
      violations.push({ code: "ERR_CSR_ATTRIBUTE_VALUES", field, rule });
      continue;
    }
    extensions = readExtensions(value, prefix);
  }
  const ignored = [...seen].filter((oid) => oid !== OID.extensionRequest);
  return { ...extensions, ignored, violations: [...violations, ...extensions.violations] };
}
