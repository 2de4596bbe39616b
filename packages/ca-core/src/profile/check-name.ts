import type { CertificationRequest } from "../csr/certification-request.ts";
import { quote } from "../lib/quote.ts";
import type { Violation } from "../violation.ts";
import { isReservedName } from "./reserved-names.ts";

/** RDN types that AWS maps into `x509Subject/…` tags and that a rule can be written for. */
const TYPES: ReadonlySet<string> = new Set(["CN", "O", "OU", "C", "ST", "L"]);

/**
 * Inside what STS takes in a session tag (`[\p{L}\p{Z}\p{N}_.:/=+\-@]*`): AWS drops a tag with any other value silently,
 * and a StringNotEquals condition on it then holds. No `/`, which joins repeated attributes there. No letters outside
 * ASCII: two names that look alike must not differ.
 */
const VALUE = /^[A-Za-z0-9 _.:=+@-]*$/;

/** Up to 61 characters the source identity is `CN=` and the name; beyond, AWS changes its form. */
const MAX_LENGTH: { readonly [type: string]: number } = { CN: 61 };
/** RFC 5280, A.1: ub-organization-name, ub-organizational-unit-name; the wider bounds of ST and L are cut to the same. */
const DEFAULT_MAX_LENGTH = 64;

/** The subject as profile RolesAnywhere has it. */
export function checkSubject(request: CertificationRequest): Violation[] {
  const violations: Violation[] = [];
  const prefix = "spec.request: subject";
  if (request.subject.length === 0) {
    const rule = "the subject is empty, which IAM Roles Anywhere refuses";
    violations.push({ code: "ERR_NAME_EMPTY", field: prefix, rule, cure: "set commonName" });
  }
  for (const type of request.sharedRdnTypes) {
    const rule = "two attributes share one RDN";
    violations.push({ code: "ERR_NAME_MULTI_VALUED", field: `${prefix}.${type}`, rule });
  }
  const seen = new Set<string>();
  for (const { type, value } of request.subject) {
    const field = `${prefix}.${type}`;
    if (!TYPES.has(type)) {
      violations.push({ code: "ERR_NAME_TYPE", field, rule: `only ${[...TYPES].join(", ")} may stand in a subject` });
      continue;
    }
    if (seen.has(type)) {
      const rule = "the attribute appears twice, and AWS would join the values with /";
      violations.push({ code: "ERR_NAME_DUPLICATE", field, rule });
    }
    seen.add(type);
    violations.push(...checkValue(type, value, field));
  }
  return violations;
}

function checkValue(type: string, value: string, field: string): Violation[] {
  const violations: Violation[] = [];
  const maxLength = MAX_LENGTH[type] ?? DEFAULT_MAX_LENGTH;
  if (value.length === 0 || value.length > maxLength) {
    const rule = `${value.length} characters, and 1 to ${maxLength} are accepted`;
    violations.push({ code: "ERR_NAME_LENGTH", field, rule });
  }
  if (!VALUE.test(value)) {
    const rule = `${quote(value)} has characters other than letters, digits, space and _ . : = + @ -`;
    violations.push({ code: "ERR_NAME_CHARACTER", field, rule, cure: "AWS could not map it into a session tag" });
  } else if (value !== value.trim() || value.includes("  ")) {
    const rule = `${quote(value)} has spaces at an end or side by side`;
    violations.push({ code: "ERR_NAME_CHARACTER", field, rule });
  }
  if (type === "C" && !/^[A-Z]{2}$/.test(value)) {
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
