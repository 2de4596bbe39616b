import { OID } from "../../lib/oids.ts";
import { EVERY_PROFILE, extensionOf, type LintRule } from "../rule.ts";

/** Critical without a subject, and else not. */
export const subjectAltNameCritical: LintRule = {
  name: "e_ext_san_not_critical_without_subject",
  source: "RFC 5280, 4.2.1.6",
  profiles: EVERY_PROFILE,
  faultOf: (leaf) => {
    const extension = extensionOf(leaf, OID.subjectAltName);
    if (extension === undefined) return undefined;
    const mustBeCritical = leaf.certificate.subject.children.length === 0;
    return extension.critical === mustBeCritical
      ? undefined
      : `subjectAltName is ${mustBeCritical ? "not critical, and there is no subject" : "critical, and there is a subject"}`;
  },
};
