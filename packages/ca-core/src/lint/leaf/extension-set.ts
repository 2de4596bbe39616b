import { OID } from "../../lib/oids.ts";
import { EVERY_PROFILE, type LintRule } from "../rule.ts";

const ALWAYS: readonly string[] = [OID.basicConstraints, OID.subjectKeyIdentifier, OID.authorityKeyIdentifier];
const ALLOWED: ReadonlySet<string> = new Set([...ALWAYS, OID.keyUsage, OID.extendedKeyUsage, OID.subjectAltName]);

/** That there is at least one and none twice, the reader has seen. */
export const extensionSet: LintRule = {
  name: "extensions_are_the_profile_s",
  source: "RFC 5280, 4.2",
  profiles: EVERY_PROFILE,
  faultOf: ({ certificate: { extensions }, profile, isCa }) => {
    const needsKeyUsage = profile.needsDigitalSignature || isCa;
    const missing = [...ALWAYS, ...(needsKeyUsage ? [OID.keyUsage] : [])].find(
      (oid) => !extensions.some((extension) => extension.oid === oid),
    );
    if (missing !== undefined) return `extension ${missing} is missing`;
    const foreign = extensions.find(({ oid }) => !ALLOWED.has(oid));
    return foreign === undefined ? undefined : `extension ${foreign.oid} does not belong into a leaf`;
  },
};
