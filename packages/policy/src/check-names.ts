import { quote, type CertificationRequest } from "@capstan/ca-core";
import { pathOfRule, ruleFor, rulesOf, type IssuerSpec, type NameRule } from "./name-rules.ts";
import type { PlaceholderValues } from "./pattern.ts";
import type { PolicyViolation } from "./policy-violation.ts";
import { requestedNames, type RequestedName } from "./requested-names.ts";

/** So that 32 patterns of 253 characters do not fill a condition's message for each of many names. */
const maxPatternsShown = 5;

export interface NameQuestion {
  readonly request: Pick<CertificationRequest, "subject" | "subjectAlternativeNames">;
  /** What is attested about the requester. */
  readonly known: PlaceholderValues;
  readonly issuer: { readonly kind: string; readonly spec: IssuerSpec };
}

/** Holds every name of the request to the issuer's rules. Closed: what no rule and no pattern allows is refused. */
export function checkNames(question: NameQuestion): readonly PolicyViolation[] {
  const names = requestedNames(question.request);
  const rules = rulesOf(question.issuer.spec.policy);
  return [
    ...names.flatMap((name) => checkName(name, rules, question)),
    ...rules
      .filter((rule) => rule.required && !names.some((name) => ruleFor(rules, name) === rule))
      .map((rule) => missing(rule, question)),
  ];
}

function checkName(
  name: RequestedName,
  rules: readonly NameRule[],
  { issuer, known }: NameQuestion,
): PolicyViolation[] {
  const { field, value, shown } = name;
  const rule = ruleFor(rules, name);
  if (rule === undefined) {
    const path = pathOfRule(name);
    const out = "leave it out of the request";
    return [
      {
        code: "ERR_POLICY_NO_RULE",
        field,
        rule: `${shown}: ${path === undefined ? "no policy has rules" : `the ${issuer.kind}'s policy has no rule`} for ${nounOf(name)}`,
        cure: path === undefined ? `${out}: no issuer can allow it` : `${out}, or have an administrator add ${path}`,
      },
    ];
  }
  // RolesAnywhere has no allowAny: every name under an anchor is somebody's identity in AWS.
  if (rule.allowAny && issuer.spec.profile === "General") return [];
  if (value !== undefined && rule.allows(value, known)) return [];
  const whom = known.namespace === undefined ? "a requester without a namespace" : `namespace ${known.namespace}`;
  return [
    {
      code: "ERR_POLICY_NAME",
      field,
      rule: `${shown}: ${rule.path} of the ${issuer.kind} does not allow this ${rule.noun} to ${whom}`,
      cure: cureOf(rule, known),
    },
  ];
}

/** For a rule of which the request has no name. */
function missing(rule: NameRule, { issuer, known }: NameQuestion): PolicyViolation {
  const field = rule.place === "subject" ? "spec.request: subject" : "spec.request: subjectAltName";
  return {
    code: "ERR_POLICY_REQUIRED",
    field: rule.place === "subject" && !rule.kind.includes(" ") ? `${field}.${rule.kind}` : field,
    rule: `${rule.path} of the ${issuer.kind} requires a ${rule.noun}, and the request has none`,
    cure: cureOf(rule, known),
  };
}

function nounOf({ place, kind, oid }: RequestedName): string {
  if (kind === "otherName") return oid === undefined ? "otherName of this form" : `otherName of type ${oid}`;
  return place === "subject" ? kind : `${kind} name`;
}

function cureOf(rule: NameRule, known: PlaceholderValues): string {
  const allowed = `it allows ${rule.allowAny ? "any" : patternList(rule.allow)}`;
  const unattested = (["serviceAccount", "podName"] as const).filter(
    (name) => known[name] === undefined && rule.allow.some((text) => text.includes(`{${name}}`)),
  );
  if (unattested.length === 0) return allowed;
  const list = unattested.map((name) => `{${name}}`).join(" and ");
  return `${allowed}, where ${list} is known only of a service account that made the request itself`;
}

function patternList(patterns: readonly string[]): string {
  const more = patterns.length - maxPatternsShown;
  const list = patterns.slice(0, maxPatternsShown).map(quote).join(", ");
  return more > 0 ? `${list} and ${more} more` : list;
}
