import type { SubjectAlternativeName } from "../san/subject-alternative-name.ts";
import { quote } from "../lib/quote.ts";
import type { Violation } from "../violation.ts";
import type { Profile } from "./profiles.ts";
import { isReservedName } from "./reserved-names.ts";
import { otherNameIsReserved } from "./san-values.ts";

/** The subject alternative names as the profile has them. Which of them a requester may have is policy. */
export function checkSubjectAlternativeNames(profile: Profile, names: readonly SubjectAlternativeName[]): Violation[] {
  const rules = profile.alternativeNames;
  const violations: Violation[] = [];
  const seen = new Set<string>();
  for (const [index, name] of names.entries()) {
    const { kind, value } = name;
    const field = `spec.request: subjectAltName[${index}]`;
    const rule = rules[kind];
    if (rule === undefined) {
      const accepted = Object.keys(rules).join(", ");
      violations.push({
        code: "ERR_SAN_KIND",
        field,
        rule: `names of kind ${kind} are not accepted, only ${accepted}`,
      });
      continue;
    }
    const fault = rule.faultOf(value);
    if (fault !== undefined) violations.push({ code: rule.code, field, rule: `${kind} name ${quote(value)} ${fault}` });
    if (isReservedAlternativeName(name)) {
      violations.push({
        code: "ERR_NAME_RESERVED",
        field,
        rule: `${quote(value)} is kept for Capstan's own certificates`,
      });
    }
    const key = `${kind}:${value}`;
    if (seen.has(key)) violations.push({ code: "ERR_SAN_DUPLICATE", field, rule: `${quote(value)} appears twice` });
    seen.add(key);
  }
  return violations;
}

/** Whether an alternative name, of any kind that can carry text, is kept for Capstan's own leaves. */
export function isReservedAlternativeName({ kind, value }: SubjectAlternativeName): boolean {
  return kind === "otherName" ? otherNameIsReserved(value) : isReservedName(value);
}
