import type { CertificationRequest } from "../csr/certification-request.ts";
import { quote } from "../lib/quote.ts";
import { isSameName } from "../name/compare-names.ts";
import type { NameAttribute } from "../name/attribute-types.ts";
import type { Violation } from "../violation.ts";
import type { SubjectRule } from "./profiles.ts";
import { isReservedName } from "./reserved-names.ts";

const FIELD = "spec.request: subject";

type Named = Pick<CertificationRequest, "subject" | "sharedRdnTypes" | "subjectAlternativeNames">;

/** The subject as the profile has it; `issuer` is the subject of the root, which no leaf may have. */
export function checkSubject(
  rules: SubjectRule,
  request: Named,
  issuer: readonly NameAttribute[] | undefined,
): Violation[] {
  const violations: Violation[] = [...checkCount(rules, request)];
  if (!rules.mayBeMultiValued) {
    for (const type of request.sharedRdnTypes) {
      const rule = "two attributes share one RDN";
      violations.push({ code: "ERR_NAME_MULTI_VALUED", field: `${FIELD}.${type}`, rule });
    }
  }
  const seen = new Set<string>();
  for (const { type, value } of request.subject) {
    const field = `${FIELD}.${type}`;
    if (rules.types !== "any" && !rules.types.includes(type)) {
      violations.push({ code: "ERR_NAME_TYPE", field, rule: `only ${rules.types.join(", ")} may stand in a subject` });
      continue;
    }
    if (seen.has(type) && !rules.mayRepeatTypes) {
      const rule = "the attribute appears twice, and AWS would join the values with /";
      violations.push({ code: "ERR_NAME_DUPLICATE", field, rule });
    }
    seen.add(type);
    violations.push(...checkValue(rules, type, value, field));
  }
  if (issuer !== undefined && isSameName(request.subject, issuer)) {
    const rule = "the subject is the root's own";
    violations.push({ code: "ERR_NAME_ISSUER", field: FIELD, rule, cure: "give it another name" });
  }
  return violations;
}

function checkCount(rules: SubjectRule, { subject, subjectAlternativeNames }: Named): Violation[] {
  if (subject.length > rules.maxAttributes) {
    const rule = `${subject.length} attributes, and at most ${rules.maxAttributes} are accepted`;
    return [{ code: "ERR_NAME_COUNT", field: FIELD, rule }];
  }
  if (subject.length > 0) return [];
  if (!rules.mayBeEmpty) {
    const rule = "the subject is empty, which IAM Roles Anywhere refuses";
    return [{ code: "ERR_NAME_EMPTY", field: FIELD, rule, cure: "set commonName" }];
  }
  if (subjectAlternativeNames.length > 0) return [];
  const rule = "there is neither a subject nor an alternative name (RFC 5280, 4.2.1.6)";
  return [{ code: "ERR_NAME_EMPTY", field: FIELD, rule, cure: "set commonName or dnsNames" }];
}

function checkValue(rules: SubjectRule, type: string, value: string, field: string): Violation[] {
  const violations: Violation[] = [];
  const lengthRule = lengthFault(rules, type, value);
  if (lengthRule !== undefined) violations.push({ code: "ERR_NAME_LENGTH", field, rule: lengthRule });
  const fault = valueFault(rules, value);
  if (fault !== undefined) violations.push({ code: "ERR_NAME_CHARACTER", field, ...fault });
  if (type === "C" && !COUNTRY.test(value)) {
    violations.push({ code: "ERR_NAME_COUNTRY", field, rule: "a country is two upper-case letters (RFC 5280, A.1)" });
  }
  if (isReservedName(value)) {
    violations.push({
      code: "ERR_NAME_RESERVED",
      field,
      rule: `${quote(value)} is kept for Capstan's own certificates`,
    });
  }
  return violations;
}

export const COUNTRY: RegExp = /^[A-Z]{2}$/;

/** What is wrong with the length of a value, or undefined. */
export function lengthFault(rules: SubjectRule, type: string, value: string): string | undefined {
  const maxLength = rules.maxLengths[type] ?? rules.defaultMaxLength;
  const length = lengthInCharacters(value);
  if (length > 0 && length <= maxLength) return undefined;
  return `${length} characters, and 1 to ${maxLength} are accepted`;
}

/** A code point counts once (RFC 5280, A.1: the bounds are of characters, not of octets). */
function lengthInCharacters(value: string): number {
  let length = 0;
  for (const _ of value) length += 1;
  return length;
}

/** What is wrong with the characters of a value, or undefined. */
export function valueFault(rules: SubjectRule, value: string): { rule: string; cure?: string } | undefined {
  const { pattern, rule, cure } = rules.characters;
  if (!pattern.test(value)) return { rule: `${quote(value)} ${rule}`, cure };
  // Names that differ in these alone are equal to some readers (RFC 5280, 7.1) and not to others.
  if (value !== value.trim() || value.includes("  ")) {
    return { rule: `${quote(value)} has spaces at an end or side by side` };
  }
  if (value.normalize("NFC") !== value) return { rule: `${quote(value)} is not in Unicode's normalization form C` };
  return undefined;
}
