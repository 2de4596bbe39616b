import { OID } from "../lib/oids.ts";
import { readSan } from "../san/read-san.ts";
import { extensionOf, type LintRule } from "./rule.ts";

const KINDS: ReadonlySet<string> = new Set(["DNS", "URI", "Email", "IP"]);

export const subjectAltName: LintRule = {
  name: "subject_alt_name_is_not_empty_and_of_known_kinds",
  source: "RFC 5280, 4.2.1.6",
  faultOf: (leaf) => {
    const value = extensionOf(leaf, OID.subjectAltName)?.value;
    if (value === undefined) return undefined;
    const { names, violations } = readSan(value, "subjectAltName");
    if (violations.length > 0) return violations[0]?.rule;
    return names.every(({ kind }) => KINDS.has(kind)) ? undefined : "a name is none of DNS, URI, Email, IP";
  },
};
