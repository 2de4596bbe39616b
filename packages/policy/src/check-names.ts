import { quote } from "@capstan/ca-core";
import type { CertificationRequest } from "@capstan/ca-core";
import { nameRules, requestedNames, type IssuerSpec, type NameRule, type RequestedName } from "./name-rules.ts";
import { matchesPattern, parsePattern } from "./pattern.ts";
import type { PolicyViolation } from "./policy-violation.ts";

/** So that 32 patterns of 253 characters do not fill a condition's message for each of many names. */
const maxPatternsShown = 5;

export interface NameQuestion {
  readonly request: CertificationRequest;
  readonly namespace: string;
  readonly issuer: { readonly kind: string; readonly spec: IssuerSpec };
}

/** Holds every name of the request to the issuer's rules. Closed: what no rule and no pattern allows is refused. */
export function checkNames(question: NameQuestion): readonly PolicyViolation[] {
  const names = requestedNames(question.request);
  return [
    ...names.flatMap((name) => checkName(name, question)),
    ...nameRules
      .filter((rule) => !names.some((name) => isOfKind(name, rule)))
      .flatMap((rule) => checkMissing(rule, question)),
  ];
}

function isOfKind(name: RequestedName, rule: NameRule): boolean {
  return name.place === rule.place && name.kind === rule.kind;
}

function checkName(name: RequestedName, { issuer, namespace }: NameQuestion): PolicyViolation[] {
  const { field, value } = name;
  const rule = nameRules.find((rule) => isOfKind(name, rule))?.rule;
  if (rule === undefined) {
    const cure = "leave it out of the request: no issuer can allow it";
    return [
      { code: "ERR_POLICY_NO_RULE", field, rule: `${quote(value)}: no policy has rules for ${nounOf(name)}`, cure },
    ];
  }
  const allow = issuer.spec.policy[rule]?.allow;
  if (allow === undefined) {
    const cure = `leave it out of the request, or have an administrator add spec.policy.${rule}`;
    const text = `${quote(value)}: the ${issuer.kind}'s policy has no rule for ${nounOf(name)}`;
    return [{ code: "ERR_POLICY_NO_RULE", field, rule: text, cure }];
  }
  // A pattern with a fault allows nothing; validateIssuer tells the administrator about it.
  const isAllowed = allow.some((text) => {
    const parsed = parsePattern(text);
    return parsed.ok && matchesPattern(parsed.pattern, { namespace, value });
  });
  if (isAllowed) return [];
  const text = `${quote(value)}: the ${issuer.kind} does not allow this ${nounOf(name)} to namespace ${namespace}`;
  return [{ code: "ERR_POLICY_NAME", field, rule: text, cure: `it allows ${patternList(allow)}` }];
}

/** For a rule of which the request has no name. */
function checkMissing(name: NameRule, { issuer }: NameQuestion): PolicyViolation[] {
  const rule = issuer.spec.policy[name.rule];
  if (rule?.required !== true) return [];
  const field = name.place === "subject" ? `spec.request: subject.${name.kind}` : "spec.request: subjectAltName";
  const text = `the ${issuer.kind} requires a ${nounOf(name)}, and the request has none`;
  return [{ code: "ERR_POLICY_REQUIRED", field, rule: text, cure: `it allows ${patternList(rule.allow)}` }];
}

function nounOf({ place, kind }: Pick<NameRule, "place" | "kind">): string {
  return place === "subject" ? kind : `${kind} name`;
}

function patternList(patterns: readonly string[]): string {
  const more = patterns.length - maxPatternsShown;
  const list = patterns.slice(0, maxPatternsShown).map(quote).join(", ");
  return more > 0 ? `${list} and ${more} more` : list;
}
