import { describe, expect, test } from "vitest";
import { trustFaults } from "../src/doctor/trust-policy.ts";

const keys = new Map([
  [
    "aws:sourcearn",
    "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/2f6b4f0e-0000-4000-8000-000000000001",
  ],
  ["aws:sourceaccount", "111122223333"],
  ["sts:sourceidentity", "CN=web.demo"],
  ["aws:principaltag/x509subject/cn", "web.demo"],
  ["aws:principaltag/x509issuer/cn", "Example Fleet CA"],
]);

const actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];

function statement(change: Readonly<Record<string, unknown>> = {}): unknown {
  return { Effect: "Allow", Principal: { Service: "rolesanywhere.amazonaws.com" }, Action: actions, ...change };
}

function kinds(statements: unknown, hasLeaf = true): readonly string[] {
  return trustFaults({ Version: "2012-10-17", Statement: statements }, { keys, hasLeaf }).map(({ kind }) => kind);
}

function condition(operator: string, key: string, value: unknown): unknown {
  return [statement({ Condition: { [operator]: { [key]: value } } })];
}

const cn = "aws:PrincipalTag/x509Subject/CN";

describe("a policy that lets the session in", () => {
  test.each<[fact: string, statements: unknown]>([
    ["without conditions", [statement()]],
    ["one statement, not in a list", statement()],
    ["one action, not in a list, by a wildcard", [statement({ Action: "sts:*" })]],
    ["actions in another case", [statement({ Action: ["STS:assumerole", "sts:TAGSESSION", "sts:SetSourceIdentity"] })]],
    ["actions in several statements", actions.map((Action) => statement({ Action }))],
    [
      "several principals",
      [statement({ Principal: { Service: ["ec2.amazonaws.com", "rolesanywhere.amazonaws.com"] } })],
    ],
    ["everybody", [statement({ Principal: "*" })]],
    ["the name", condition("StringEquals", cn, "web.demo")],
    ["one of several names", condition("StringEquals", cn, ["api.demo", "web.demo"])],
    ["the key in another case", condition("StringEquals", "AWS:principaltag/X509Subject/CN", "web.demo")],
    ["the name in another case", condition("StringEqualsIgnoreCase", cn, "WEB.demo")],
    ["a pattern", condition("StringLike", cn, "*.dem?")],
    ["a name that it is not", condition("StringNotEquals", cn, "api.demo")],
    ["an attribute that it lacks is not something", condition("StringNotEquals", "aws:PrincipalTag/x509SAN/DNS", "x")],
    ["an attribute is absent", condition("Null", "aws:PrincipalTag/x509SAN/DNS", "true")],
    ["if it exists", condition("StringEqualsIfExists", "aws:PrincipalTag/x509SAN/DNS", "x")],
    ["any of the values", condition("ForAnyValue:StringEquals", cn, "web.demo")],
    [
      "any trust anchor of the account",
      condition("ArnLike", "aws:SourceArn", "arn:aws:rolesanywhere:*:111122223333:trust-anchor/*"),
    ],
    ["a key that is not this service's", condition("StringEquals", "aws:PrincipalOrgID", "o-1")],
    ["an operator that is not understood", condition("NumericLessThan", cn, 5)],
    [
      "another statement's condition fails",
      [statement(), statement({ Condition: { StringEquals: { [cn]: "api.demo" } } })],
    ],
    [
      "a deny that does not match",
      [statement(), statement({ Effect: "Deny", Condition: { StringNotLike: { [cn]: "*.demo" } } })],
    ],
  ])("%s", (_fact, statements) => {
    expect(kinds(statements)).toEqual([]);
  });
});

describe("a policy that does not", () => {
  test.each<[fact: string, statements: unknown, expected: readonly string[]]>([
    ["no statements", [], ["principal"]],
    ["another principal", [statement({ Principal: { Service: "ec2.amazonaws.com" } })], ["principal"]],
    ["an account as principal", [statement({ Principal: { AWS: "arn:aws:iam::111122223333:root" } })], ["principal"]],
    ["a deny alone", [statement({ Effect: "Deny" })], ["principal"]],
    ...actions.map((missing): [string, unknown, readonly string[]] => [
      `no ${missing}`,
      [statement({ Action: actions.filter((one) => one !== missing) })],
      ["action"],
    ]),
    ["another name", condition("StringEquals", cn, "api.demo"), ["attribute"]],
    ["a name in another case", condition("StringEquals", cn, "Web.demo"), ["attribute"]],
    ["an attribute that it lacks", condition("StringLike", "aws:PrincipalTag/x509SAN/URI", "*"), ["attribute"]],
    ["a name that it must not be", condition("StringNotEquals", cn, "web.demo"), ["attribute"]],
    ["a pattern is no regular expression", condition("StringLike", cn, ".*"), ["attribute"]],
    ["an attribute must be absent", condition("Null", cn, true), ["attribute"]],
    ["the source identity without CN=", condition("StringEquals", "sts:SourceIdentity", "web.demo"), ["attribute"]],
    [
      "another trust anchor",
      condition("ArnEquals", "aws:SourceArn", "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/x"),
      ["source-arn"],
    ],
    ["an ARN pattern of too few parts", condition("ArnLike", "aws:SourceArn", "*"), ["source-arn"]],
    ["another account", condition("StringEquals", "aws:SourceAccount", "444455556666"), ["source-arn"]],
    [
      "two conditions fail",
      [statement({ Condition: { StringEquals: { [cn]: "x", "aws:SourceAccount": "1" } } })],
      ["attribute", "source-arn"],
    ],
    [
      "a condition for one action alone",
      [
        statement({ Action: actions.slice(1) }),
        statement({ Action: "sts:AssumeRole", Condition: { StringEquals: { [cn]: "x" } } }),
      ],
      ["attribute"],
    ],
    [
      "a deny that matches",
      [statement(), statement({ Effect: "Deny", Condition: { StringEquals: { [cn]: "web.demo" } } })],
      ["denied"],
    ],
  ])("%s", (_fact, statements, expected) => {
    expect(kinds(statements)).toEqual(expected);
  });

  test("of several statements the nearest tells what is wrong", () => {
    const far = statement({ Condition: { StringEquals: { [cn]: "x", "aws:SourceAccount": "1" } } });
    expect(kinds([far, statement({ Condition: { StringEquals: { [cn]: "api.demo" } } })])).toEqual(["attribute"]);
  });

  test("the words name key, what is wanted and what is there", () => {
    expect(
      trustFaults({ Statement: condition("StringEquals", cn, ["api.demo", "x"]) }, { keys, hasLeaf: true }),
    ).toEqual([
      {
        kind: "attribute",
        cause:
          'condition StringEquals aws:PrincipalTag/x509Subject/CN wants "api.demo" or "x", and it is "web.demo" here',
        cure: 'give the leaf the attribute, or write "web.demo" as aws:PrincipalTag/x509Subject/CN in the role\'s trust policy',
      },
    ]);
  });
});

test("without a leaf nothing is said of its attributes", () => {
  expect(kinds(condition("StringEquals", cn, "api.demo"), false)).toEqual([]);
  expect(kinds(condition("StringEquals", "aws:SourceAccount", "1"), false)).toEqual(["source-arn"]);
});

test.each([
  [undefined],
  [null],
  ["text"],
  [{ Statement: "text" }],
  [{ Statement: [{ Effect: "Allow", Condition: [] }] }],
])("what is no policy is none: %j", (document) => {
  expect(trustFaults(document, { keys, hasLeaf: true }).map(({ kind }) => kind)).toEqual(["principal"]);
});
