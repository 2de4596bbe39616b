import { OID } from "../lib/oids.ts";
import type { LintRule } from "./rule.ts";

const REQUIRED: readonly string[] = [
  OID.basicConstraints,
  OID.keyUsage,
  OID.subjectKeyIdentifier,
  OID.authorityKeyIdentifier,
];
const ALLOWED: readonly string[] = [...REQUIRED, OID.extendedKeyUsage, OID.subjectAltName];
const CRITICAL: readonly string[] = [OID.basicConstraints, OID.keyUsage];

/** That there is at least one and none twice, the reader has seen. */
export const extensionSet: LintRule = {
  name: "extensions_are_the_profile_s",
  source: "RFC 5280, 4.2",
  faultOf: ({ certificate: { extensions } }) => {
    const missing = REQUIRED.find((oid) => !extensions.some((extension) => extension.oid === oid));
    if (missing !== undefined) return `extension ${missing} is missing`;
    const foreign = extensions.find(({ oid }) => !ALLOWED.includes(oid));
    if (foreign !== undefined) return `extension ${foreign.oid} does not belong into a leaf`;
    const wrong = extensions.find(({ oid, critical }) => critical !== CRITICAL.includes(oid));
    return wrong === undefined ? undefined : `extension ${wrong.oid} is ${wrong.critical ? "" : "not "}critical`;
  },
};
