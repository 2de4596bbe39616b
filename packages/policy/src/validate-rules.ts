import { checkAgainstProfile, type SanKind } from "@capstan/ca-core";
import { parseRange } from "./address-range.ts";
import { shortNameOf } from "./attribute-types.ts";
import { emptyRequest } from "./empty-request.ts";
import { pathOfRule, rulesOf, type IssuerSpec, type NameRule } from "./name-rules.ts";
import { exampleOf, parsePattern, type Pattern } from "./pattern.ts";
import { mayShareNames } from "./pattern-overlap.ts";
import type { PolicyViolation } from "./policy-violation.ts";

/** What is wrong with the rules about names: items that are none, or can match nothing that the profile lets pass. */
export function validateRules(spec: IssuerSpec): readonly PolicyViolation[] {
  const rules = rulesOf(spec.policy);
  return rules.flatMap((rule, index) => [
    ...validateForm(rule, spec, rules.slice(0, index)),
    ...rule.allow.flatMap((text, item) => validateItem(rule, text, `${rule.path}.allow[${item}]`, spec)),
    ...validateTogether(rule),
  ]);
}

function fault(field: string, rule: string, cure?: string): PolicyViolation {
  return { code: "ERR_POLICY_SETTING", field, rule, ...(cure === undefined ? {} : { cure }) };
}

/** What the schema refuses too, but for the second name of one type: objects may be older than it. */
function validateForm(rule: NameRule, spec: IssuerSpec, earlier: readonly NameRule[]): PolicyViolation[] {
  const faults: PolicyViolation[] = [];
  const twin = earlier.find(({ place, kind }) => place === rule.place && kind === rule.kind);
  if (twin !== undefined) faults.push(fault(rule.path, `${twin.path} is about the same type`, "merge the two"));
  const oid = rule.kind.startsWith("other ") && rule.place === "subject" ? rule.kind.slice("other ".length) : "";
  const ownRule = pathOfRule({ place: "subject", kind: shortNameOf(oid), oid });
  if (ownRule !== undefined && ownRule !== "spec.policy.otherSubjectAttributes") {
    faults.push(fault(rule.path, `it can never match: ${shortNameOf(oid)} has a rule of its own`, `use ${ownRule}`));
  }
  if (rule.allow.length > 0 === rule.allowAny) {
    faults.push(fault(rule.path, "it needs either allow or allowAny", "give a list of patterns, or allowAny: true"));
  }
  if (spec.profile === "General") return faults;
  if (rule.allowAny) {
    faults.push(fault(`${rule.path}.allowAny`, "only profile General has it", "give the patterns that are needed"));
  }
  if (rule.wildcards) {
    faults.push(fault(`${rule.path}.wildcards`, "only profile General has them", "leave it out"));
  }
  if (rule.kind.startsWith("other ")) {
    faults.push(fault(rule.path, `it can never match: only profile General has names of this kind`, "leave it out"));
  }
  return faults;
}

function validateItem(rule: NameRule, text: string, field: string, spec: IssuerSpec): PolicyViolation[] {
  if (rule.kind === "IP") {
    const parsed = parseRange(text);
    return parsed.ok ? [] : [{ code: "ERR_POLICY_SETTING", field, ...parsed.fault }];
  }
  const parsed = parsePattern(text);
  if (!parsed.ok) return [{ code: "ERR_POLICY_SETTING", field, ...parsed.fault }];
  const [found] = faultsOfExample(parsed.pattern, rule, spec.profile);
  return found === undefined ? [] : [fault(field, `it can never match: ${found.rule}`)];
}

/** Each pattern alone keeps namespaces apart; two of them must not undo it. */
function validateTogether({ kind, path, allow }: NameRule): PolicyViolation[] {
  if (kind === "IP") return [];
  const patterns = allow.map((text) => parsePattern(text)).map((parsed) => (parsed.ok ? parsed.pattern : undefined));
  return patterns.flatMap((own, item) => {
    const earlier = patterns.findIndex(
      (other, index) => index < item && own !== undefined && other !== undefined && mayShareNames(other, own),
    );
    if (earlier === -1) return [];
    const rule = `together with allow[${earlier}] it lets two namespaces have the same name`;
    const cure = "let {namespace} stand in the same place in both, or give them different numbers of labels";
    return [fault(`${path}.allow[${item}]`, rule, cure)];
  });
}

/**
 * Asks the profile about the plainest name that the pattern matches. An "a" in place of a * breaks no rule for any kind of
 * name but a country, of two letters, so whatever the profile finds lies in the rest of the pattern.
 */
function faultsOfExample(
  pattern: Pattern,
  { place, kind }: NameRule,
  profile: IssuerSpec["profile"],
): readonly Pick<PolicyViolation, "rule">[] {
  // What an otherName's text may be, its type says, which nobody here knows.
  if (kind.startsWith("other ") && place === "subjectAltName") return [];
  const value = exampleOf(pattern);
  const request =
    place === "subject"
      ? { ...emptyRequest, subject: [{ type: kind, oid: "", value }] }
      : { ...emptyRequest, subjectAlternativeNames: [{ kind: kind as SanKind, value }] };
  // That a certificate with nothing but a subject alternative name has no subject is not the pattern's fault.
  return checkAgainstProfile({ profile, request }).filter(
    ({ code }) =>
      code !== "ERR_NAME_EMPTY" &&
      // Any type of attribute is "other" here, and the profile's own answer about those is validateForm's.
      !(code === "ERR_NAME_TYPE" && kind.startsWith("other ")) &&
      !(code === "ERR_NAME_COUNTRY" && /[*{]/.test(pattern.text)),
  );
}
