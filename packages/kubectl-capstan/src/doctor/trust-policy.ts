// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html

/** Why Roles Anywhere may not assume a role, by its trust policy. */
export interface TrustFault {
  readonly kind: "principal" | "action" | "source-arn" | "attribute" | "denied";
  readonly cause: string;
  readonly cure: string;
}

/** What the policy's conditions look at, by condition key in lower case. A key that is not there was not in the request. */
export interface TrustContext {
  readonly keys: ReadonlyMap<string, string>;
  /** Whether the leaf is known: without it nothing is said of conditions on its attributes. */
  readonly hasLeaf: boolean;
}

const service = "rolesanywhere.amazonaws.com";

/** The service does all three at once: a role that allows only some of them cannot be assumed. */
const neededActions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"] as const;

interface Condition {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

interface Statement {
  readonly isAllow: boolean;
  readonly services: readonly string[];
  readonly actions: readonly string[];
  readonly conditions: readonly Condition[];
}

/**
 * Why the role's trust policy lets no session of this kind begin; an empty list means that it does, or that nothing
 * can be said: conditions that are not understood here are taken to hold.
 *
 * @param document the policy as parsed JSON
 *
 * @example
 * trustFaults({ Statement: [] }, { keys: new Map(), hasLeaf: false })[0]?.kind; // "principal"
 */
export function trustFaults(document: unknown, context: TrustContext): readonly TrustFault[] {
  const statements = readStatements(document).filter(({ services }) =>
    services.some((name) => name === service || name === "*"),
  );
  const allowing = statements.filter(({ isAllow }) => isAllow);
  if (allowing.length === 0) {
    return [
      {
        kind: "principal",
        cause: `no statement allows the principal ${service}`,
        cure: `add Principal: { Service: ${service} } to the role's trust policy`,
      },
    ];
  }
  const missing = neededActions.filter((action) => !allowing.some(({ actions }) => covers(actions, action)));
  if (missing.length > 0) {
    return [
      {
        kind: "action",
        cause: `no statement allows ${missing.join(" and ")} to ${service}`,
        cure: `add ${missing.join(" and ")} to Action of the statement that allows ${service}`,
      },
    ];
  }
  const denying = statements.find(
    ({ isAllow, actions, conditions }) =>
      !isAllow &&
      neededActions.some((action) => covers(actions, action)) &&
      conditions.every((condition) => verdictOf(condition, context) === true),
  );
  if (denying !== undefined) {
    return [
      {
        kind: "denied",
        cause: "a Deny statement of the trust policy matches this session",
        cure: "narrow the condition of the Deny statement",
      },
    ];
  }
  return neededActions.flatMap((action) => actionFaults(action, allowing, context)).filter(isFirst);
}

/** Of the statements that allow the action, the one that comes nearest tells what is wrong. */
function actionFaults(action: string, allowing: readonly Statement[], context: TrustContext): readonly TrustFault[] {
  const failing = allowing
    .filter(({ actions }) => covers(actions, action))
    .map(({ conditions }) => conditions.filter((condition) => verdictOf(condition, context) === false))
    .toSorted((a, b) => a.length - b.length)[0];
  return (failing ?? []).map((condition) => conditionFault(condition, context));
}

function conditionFault({ operator, key, values }: Condition, { keys }: TrustContext): TrustFault {
  const actual = keys.get(key.toLowerCase());
  const has = actual === undefined ? "the leaf has no such attribute" : `it is ${JSON.stringify(actual)} here`;
  const isSource = /^aws:source(arn|account)$/i.test(key);
  const wanted = values.map((value) => JSON.stringify(value)).join(" or ");
  return {
    kind: isSource ? "source-arn" : "attribute",
    cause: `condition ${operator} ${key} wants ${wanted}, and ${isSource && actual === undefined ? "nothing is known of it" : has}`,
    cure: isSource
      ? `write ${JSON.stringify(actual ?? "")} as ${key} in the role's trust policy`
      : `give the leaf the attribute, or write ${JSON.stringify(actual ?? "its value")} as ${key} in the role's trust policy`,
  };
}

const pairs: Readonly<Record<string, (actual: string, expected: string) => boolean>> = {
  StringEquals: (actual, expected) => actual === expected,
  StringEqualsIgnoreCase: (actual, expected) => actual.toLowerCase() === expected.toLowerCase(),
  StringLike: like,
  // Both take wildcards in each part of an ARN.
  ArnEquals: arnLike,
  ArnLike: arnLike,
};
const negations: Readonly<Record<string, string>> = {
  StringNotEquals: "StringEquals",
  StringNotEqualsIgnoreCase: "StringEqualsIgnoreCase",
  StringNotLike: "StringLike",
  ArnNotEquals: "ArnEquals",
  ArnNotLike: "ArnLike",
};

/** Keys that this service fills in: of another nothing can be said. */
const knownKey = /^(aws:source(arn|account)|sts:sourceidentity|aws:principaltag\/x509.+)$/i;
const leafKey = /^(sts:sourceidentity|aws:principaltag\/x509.+)$/i;

/** Whether a condition holds; undefined when it cannot be told. */
function verdictOf({ operator, key, values }: Condition, { keys, hasLeaf }: TrustContext): boolean | undefined {
  if (!knownKey.test(key) || (leafKey.test(key) && !hasLeaf)) return undefined;
  const actual = keys.get(key.toLowerCase());
  const plain = operator.replace(/^ForA(?:ny|ll)Value[s]?:/, "");
  const base = plain.replace(/IfExists$/, "");
  if (base === "Null") return values.includes(String(actual === undefined));
  if (actual === undefined && plain !== base) return true;
  const positive = pairs[base];
  if (positive !== undefined) return actual !== undefined && values.some((value) => positive(actual, value));
  const negated = pairs[negations[base] ?? ""];
  if (negated === undefined) return undefined;
  return actual === undefined || !values.some((value) => negated(actual, value));
}

function like(text: string, pattern: string): boolean {
  const source = pattern.replaceAll(/[\\^$.*+?()[\]{}|]/g, (character) =>
    character === "*" ? ".*" : character === "?" ? "." : `\\${character}`,
  );
  return new RegExp(`^${source}$`, "su").test(text);
}

/** Each of the six parts by itself; the last may hold colons. */
function arnLike(arn: string, pattern: string): boolean {
  const split = (text: string): readonly string[] => {
    const parts = text.split(":");
    return parts.length < 6 ? parts : [...parts.slice(0, 5), parts.slice(5).join(":")];
  };
  const [actual, expected] = [split(arn), split(pattern)];
  return actual.length === expected.length && expected.every((part, index) => like(actual[index] ?? "", part));
}

function covers(actions: readonly string[], action: string): boolean {
  return actions.some((pattern) => like(action.toLowerCase(), pattern.toLowerCase()));
}

function isFirst(fault: TrustFault, index: number, all: readonly TrustFault[]): boolean {
  return all.findIndex(({ cause }) => cause === fault.cause) === index;
}

function readStatements(document: unknown): readonly Statement[] {
  const { Statement = [] } = recordOf(document);
  return listOf(Statement).map((value) => {
    const { Effect, Principal, Action, Condition = {} } = recordOf(value);
    const principal = Principal === "*" ? { Service: "*" } : recordOf(Principal);
    return {
      isAllow: Effect === "Allow",
      services: textsOf(principal["Service"]),
      actions: textsOf(Action),
      conditions: Object.entries(recordOf(Condition)).flatMap(([operator, keys]) =>
        Object.entries(recordOf(keys)).map(([key, values]) => ({ operator, key, values: textsOf(values) })),
      ),
    };
  });
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** One string or a list of them; JSON's true and numbers count as their text, as in IAM. */
function textsOf(value: unknown): readonly string[] {
  return value === undefined ? [] : listOf(value).map(String);
}
