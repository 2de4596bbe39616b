import { OPERATORS, type OperatorName } from "./condition-operators.ts";
import {
  type Condition,
  PolicyError,
  readConditions,
  readEffect,
  readRecord,
  readStatements,
  readStrings,
} from "./policy-document.ts";

/** A role's trust policy, reduced to what decides about Roles Anywhere. */
export type TrustPolicy = readonly Statement[];

interface Statement {
  readonly effect: "Allow" | "Deny";
  readonly services: readonly string[];
  /** Lower case. */
  readonly actions: ReadonlySet<string>;
  readonly conditions: readonly Condition[];
}

/** What a policy looks at, by condition key in lower case. */
export type ConditionContext = ReadonlyMap<string, string>;

const SERVICE = "rolesanywhere.amazonaws.com";

// The service does all three at once, so a role that allows only some of them cannot be assumed.
const NEEDED_ACTIONS = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"] as const;

const KNOWN_KEYS =
  /^(aws:sourcearn|aws:sourceaccount|sts:sourceidentity|aws:principaltag\/(x509(subject|issuer)\/[^/]+|x509san\/(dns|uri|name\/[^/]+)))$/;

// The others hold in trust policies as well, but nothing here needs them.
const KNOWN_OPERATORS: readonly OperatorName[] = [
  "StringEquals",
  "StringNotEquals",
  "StringLike",
  "ArnEquals",
  "ArnLike",
];

/**
 * Reads an IAM policy document. Whatever this emulator would not evaluate exactly as IAM is refused here, so that no test
 * passes because a condition was not understood.
 *
 * @throws {PolicyError}
 */
export function parseTrustPolicy(document: unknown, at: string): TrustPolicy {
  return readStatements(document, at).map((statement, index) => parseStatement(statement, `${at}.Statement[${index}]`));
}

/** May Roles Anywhere assume the role with this context? An explicit Deny wins over every Allow. */
export function isAllowed(policy: TrustPolicy, context: ConditionContext): boolean {
  return NEEDED_ACTIONS.every((action) => {
    const matching = policy.filter(
      (statement) =>
        statement.services.includes(SERVICE) &&
        statement.actions.has(action.toLowerCase()) &&
        statement.conditions.every(({ operator, key, values }) =>
          OPERATORS[operator as OperatorName](context.get(key), values),
        ),
    );
    return matching.length > 0 && matching.every((statement) => statement.effect === "Allow");
  });
}

function parseStatement(value: unknown, at: string): Statement {
  const statement = readRecord(value, at, ["Sid", "Effect", "Principal", "Action", "Condition"]);
  const effect = readEffect(statement["Effect"], at);
  const principal = readRecord(statement["Principal"], `${at}.Principal`, ["Service"]);
  const actions = readStrings(statement["Action"], `${at}.Action`);
  const unknown = actions.find((action) => !/^sts:[a-z]+$/i.test(action));
  if (unknown !== undefined) {
    throw new PolicyError(`${at}.Action: "${unknown}" is not a plain sts: action; write out each action`);
  }
  return {
    effect,
    services: readStrings(principal["Service"], `${at}.Principal.Service`),
    actions: new Set(actions.map((action) => action.toLowerCase())),
    conditions: readConditions(statement["Condition"], `${at}.Condition`, {
      operators: KNOWN_OPERATORS,
      keys: KNOWN_KEYS,
    }),
  };
}
