import { isRecord } from "./input.ts";
import { OPERATORS, type OperatorName } from "./condition-operators.ts";

/** A role's trust policy, reduced to what decides about Roles Anywhere. */
export type TrustPolicy = readonly Statement[];

interface Statement {
  readonly effect: "Allow" | "Deny";
  readonly services: readonly string[];
  /** Lower case. */
  readonly actions: ReadonlySet<string>;
  readonly conditions: readonly Condition[];
}

interface Condition {
  readonly operator: OperatorName;
  /** Lower case: names of condition keys are not case-sensitive. */
  readonly key: string;
  readonly values: readonly string[];
}

/** What a policy looks at, by condition key in lower case. */
export type ConditionContext = ReadonlyMap<string, string>;

const SERVICE = "rolesanywhere.amazonaws.com";

// The service does all three at once, so a role that allows only some of them cannot be assumed.
const NEEDED_ACTIONS = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"] as const;

const KNOWN_KEYS =
  /^(aws:sourcearn|aws:sourceaccount|sts:sourceidentity|aws:principaltag\/(x509(subject|issuer)\/[^/]+|x509san\/(dns|uri|name\/[^/]+)))$/;

/** A trust policy that cannot be read or uses what is not emulated. `message` names the place, the rule and the cure. */
export class TrustPolicyError extends Error {
  readonly code = "ERR_TRUST_POLICY";

  constructor(message: string) {
    super(message);
    this.name = "TrustPolicyError";
  }
}

/**
 * Reads an IAM policy document. Whatever this emulator would not evaluate exactly as IAM is refused here, so that no test
 * passes because a condition was not understood.
 *
 * @throws {TrustPolicyError}
 */
export function parseTrustPolicy(document: unknown, at: string): TrustPolicy {
  const policy = record(document, at, ["Version", "Id", "Statement"]);
  if (policy["Version"] !== "2012-10-17") throw new TrustPolicyError(`${at}.Version: must be "2012-10-17"`);
  const statements = Array.isArray(policy["Statement"]) ? policy["Statement"] : [policy["Statement"]];
  if (statements.length === 0) throw new TrustPolicyError(`${at}.Statement: has no statement`);
  return statements.map((statement: unknown, index) => parseStatement(statement, `${at}.Statement[${index}]`));
}

/** May Roles Anywhere assume the role with this context? An explicit Deny wins over every Allow. */
export function isAllowed(policy: TrustPolicy, context: ConditionContext): boolean {
  return NEEDED_ACTIONS.every((action) => {
    const matching = policy.filter(
      (statement) =>
        statement.services.includes(SERVICE) &&
        statement.actions.has(action.toLowerCase()) &&
        statement.conditions.every(({ operator, key, values }) => OPERATORS[operator](context.get(key), values)),
    );
    return matching.length > 0 && matching.every((statement) => statement.effect === "Allow");
  });
}

function parseStatement(value: unknown, at: string): Statement {
  const statement = record(value, at, ["Sid", "Effect", "Principal", "Action", "Condition"]);
  const effect = statement["Effect"];
  if (effect !== "Allow" && effect !== "Deny") {
    throw new TrustPolicyError(`${at}.Effect: must be "Allow" or "Deny"`);
  }
  const principal = record(statement["Principal"], `${at}.Principal`, ["Service"]);
  const actions = strings(statement["Action"], `${at}.Action`);
  const unknown = actions.find((action) => !/^sts:[a-z]+$/i.test(action));
  if (unknown !== undefined) {
    throw new TrustPolicyError(`${at}.Action: "${unknown}" is not a plain sts: action; write out each action`);
  }
  return {
    effect,
    services: strings(principal["Service"], `${at}.Principal.Service`),
    actions: new Set(actions.map((action) => action.toLowerCase())),
    conditions: parseConditions(statement["Condition"] ?? {}, `${at}.Condition`),
  };
}

function parseConditions(value: unknown, at: string): readonly Condition[] {
  return Object.entries(record(value, at, Object.keys(OPERATORS))).flatMap(([operator, block]) => {
    if (!isRecord(block)) throw new TrustPolicyError(`${at}.${operator}: must be an object of condition keys`);
    return Object.entries(block).map(([key, expected]) => {
      const place = `${at}.${operator}["${key}"]`;
      if (!KNOWN_KEYS.test(key.toLowerCase())) {
        throw new TrustPolicyError(`${place}: the emulator does not know this condition key`);
      }
      const values = strings(expected, place);
      if (values.some((text) => text.includes("${"))) {
        throw new TrustPolicyError(`${place}: policy variables are not emulated`);
      }
      return { operator: operator as OperatorName, key: key.toLowerCase(), values };
    });
  });
}

function record(value: unknown, at: string, allowed: readonly string[]): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw new TrustPolicyError(`${at}: must be an object`);
  const unknown = Object.keys(value).find((name) => !allowed.includes(name));
  if (unknown !== undefined) {
    throw new TrustPolicyError(`${at}: the emulator does not know "${unknown}"; it knows ${allowed.join(", ")}`);
  }
  return value;
}

function strings(value: unknown, at: string): readonly string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const texts = values.filter((entry) => typeof entry === "string");
  if (texts.length !== values.length || texts.length === 0) {
    throw new TrustPolicyError(`${at}: must be a string or a list of strings that is not empty`);
  }
  return texts;
}
