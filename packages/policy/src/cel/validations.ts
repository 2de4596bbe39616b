import type { PolicyViolation } from "../policy-violation.ts";
import type { CelEvaluator } from "./cel-evaluator.ts";
import type { CelInput } from "./cel-variables.ts";
import type { CelFault } from "./cel-language.ts";

/** A condition in CEL, of an issuer or of an authority. */
export interface Validation {
  readonly expression: string;
  /** For the requester, when the expression is false. */
  readonly message: string;
}

/** Conditions and where they stand. */
export interface PlacedValidations {
  /** The kind of object: "CapstanClusterIssuer". */
  readonly owner: string;
  /** "spec.validations". */
  readonly path: string;
  readonly validations: readonly Validation[];
}

/** What is wrong with conditions whatever the request, each with its place: for the issuer's Ready condition. */
export async function checkValidations(
  lists: readonly PlacedValidations[],
  evaluator: CelEvaluator,
): Promise<readonly PolicyViolation[]> {
  const faults = await Promise.all(
    eachOf(lists).map(async ({ owner, path, validation: { expression } }): Promise<PolicyViolation[]> => {
      const fault = await evaluator.check(expression);
      if (fault === undefined) return [];
      const field = `${owner === "CertificateAuthority" ? `${owner}: ` : ""}${path}.expression`;
      return [{ code: "ERR_POLICY_SETTING", field, rule: textOf(fault) }];
    }),
  );
  return faults.flat();
}

/** Holds a request to conditions. Closed: what is not true refuses, whatever else it is. */
export async function evaluateValidations(
  lists: readonly PlacedValidations[],
  input: CelInput,
  evaluator: CelEvaluator,
): Promise<readonly PolicyViolation[]> {
  const violations = await Promise.all(
    eachOf(lists).map(async ({ owner, path, validation: { expression, message } }): Promise<PolicyViolation[]> => {
      const verdict = await evaluator.evaluate(expression, input);
      const place = `${path} of the ${owner}`;
      if (verdict.ok) {
        return verdict.value ? [] : [{ code: "ERR_POLICY_VALIDATION", field: "spec", rule: `${place}: ${message}` }];
      }
      const code = "isTransient" in verdict ? "ERR_POLICY_VALIDATION_ABORTED" : "ERR_POLICY_VALIDATION";
      const rule = `${place} could not be evaluated: ${textOf(verdict.fault)}`;
      return [{ code, field: "spec", rule, cure: "have an administrator look at the expression" }];
    }),
  );
  return violations.flat();
}

function eachOf(
  lists: readonly PlacedValidations[],
): readonly { readonly owner: string; readonly path: string; readonly validation: Validation }[] {
  return lists.flatMap(({ owner, path, validations }) =>
    validations.map((validation, index) => ({ owner, path: `${path}[${index}]`, validation })),
  );
}

function textOf({ rule, place }: CelFault): string {
  return place === undefined ? rule : `${rule} (line ${place.line}, column ${place.column})`;
}
