import { describe, expect, test } from "vitest";
import { evaluate, parseIdentityPolicy, type Verdict } from "../src/identity-policy.ts";

const ANCHOR = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/0b9a5c1e-4c9f-4a7e-9f57-0a1b2c3d4e5f";

const policy = (...statements: readonly unknown[]): unknown => ({ Version: "2012-10-17", Statement: statements });

const statement = (members: Readonly<Record<string, unknown>> = {}): unknown => ({
  Effect: "Allow",
  Action: "rolesanywhere:GetTrustAnchor",
  Resource: ANCHOR,
  ...members,
});

const condition = (members: unknown): unknown => policy(statement({ Condition: members }));

function verdict(
  document: unknown,
  context: Readonly<Record<string, string | readonly string[]>> = {},
  resource = ANCHOR,
): Verdict {
  const access = { action: "rolesanywhere:GetTrustAnchor", resource, context: new Map(Object.entries(context)) };
  return evaluate([parseIdentityPolicy(document, "policy")], access);
}

describe("an access", () => {
  test.each([
    ["that a statement names is allowed", policy(statement()), "allowed"],
    [
      "is allowed by a single statement that is in no list",
      { Version: "2012-10-17", Statement: statement() },
      "allowed",
    ],
    [
      "is allowed by an action in other letters",
      policy(statement({ Action: "RolesAnywhere:gettrustanchor" })),
      "allowed",
    ],
    ["is allowed by wildcards", policy(statement({ Action: "rolesanywhere:Get*", Resource: "*" })), "allowed"],
    ["is allowed by ?", policy(statement({ Action: "rolesanywhere:?etTrustAnchor" })), "allowed"],
    ["is allowed by every action", policy(statement({ Action: "*" })), "allowed"],
    ["is allowed by one of several", policy(statement({ Action: "sts:X" }), statement()), "allowed"],
    ["is not allowed by another action", policy(statement({ Action: "rolesanywhere:GetCrl" })), "not-allowed"],
    ["is not allowed by another service", policy(statement({ Action: "acm:*" })), "not-allowed"],
    [
      "is not allowed by the beginning of an action",
      policy(statement({ Action: "rolesanywhere:GetTrust" })),
      "not-allowed",
    ],
    [
      "is not allowed on another resource",
      policy(statement({ Resource: ANCHOR.replace("0b9a", "0b9b") })),
      "not-allowed",
    ],
    [
      "is not allowed in another region",
      policy(statement({ Resource: "arn:aws:rolesanywhere:us-*:*:*" })),
      "not-allowed",
    ],
    [
      "is allowed by wildcards in every part of an ARN",
      policy(statement({ Resource: "arn:*:rolesanywhere:*:*:trust-anchor/*" })),
      "allowed",
    ],
    ["is denied by a Deny beside an Allow", policy(statement(), statement({ Effect: "Deny" })), "denied"],
    ["is denied by a Deny alone", policy(statement({ Effect: "Deny" })), "denied"],
    [
      "is not denied by a Deny of another resource",
      policy(statement(), statement({ Effect: "Deny", Resource: "arn:aws:rolesanywhere:*:*:crl/*" })),
      "allowed",
    ],
    [
      "is denied by NotResource of another",
      policy(statement(), { Effect: "Deny", Action: "*", NotResource: "arn:aws:rolesanywhere:*:*:crl/*" }),
      "denied",
    ],
    [
      "is allowed by NotAction of another",
      policy({ Effect: "Allow", NotAction: "rolesanywhere:Delete*", Resource: "*" }),
      "allowed",
    ],
    [
      "is not allowed by NotAction of itself",
      policy({ Effect: "Allow", NotAction: "rolesanywhere:Get*", Resource: "*" }),
      "not-allowed",
    ],
  ] as const)("%s", (_fact, document, expected) => {
    expect(verdict(document)).toBe(expected);
  });

  test.each([
    ["allowed on *", "*", "allowed"],
    ["not allowed on resources of a kind", "arn:aws:rolesanywhere:*:*:trust-anchor/*", "not-allowed"],
    ["not allowed on every ARN", "arn:aws:*:*:*:*", "not-allowed"],
  ] as const)("about no one resource is %s", (_fact, resource, expected) => {
    expect(verdict(policy(statement({ Resource: resource })), {}, "*")).toBe(expected);
  });

  test("is not allowed by a wildcard that would have to stand for a colon", () => {
    const document = policy(statement({ Resource: "arn:aws:*:z:a:b" }));
    expect(verdict(document, {}, "arn:aws:x:z:a:b")).toBe("allowed");
    expect(verdict(document, {}, "arn:aws:x:y:z:a:b")).toBe("not-allowed");
  });

  test("is not allowed by no policy at all", () => {
    expect(evaluate([], { action: "a:B", resource: "*", context: new Map() })).toBe("not-allowed");
  });
});

describe("a condition", () => {
  const TAG = "aws:ResourceTag/capstan";
  const tagged = { "aws:resourcetag/capstan": "Fleet" };
  const ISSUED = "aws:TokenIssueTime";
  const issued = { "aws:tokenissuetime": "2026-11-22T12:00:00.000Z" };

  test.each([
    [{ StringEquals: { [TAG]: "Fleet" } }, tagged, true],
    [{ StringEquals: { [TAG]: ["a", "Fleet"] } }, tagged, true],
    [{ StringEquals: { [TAG]: "fleet" } }, tagged, false],
    [{ StringEquals: { [TAG]: "Fleet" } }, {}, false],
    [{ StringEquals: { [TAG]: "Fl*" } }, tagged, false],
    [{ StringEquals: { [TAG]: "Fleet", "aws:PrincipalAccount": "1" } }, tagged, false],
    [{ StringEqualsIfExists: { [TAG]: "Fleet" } }, {}, true],
    [{ StringEqualsIfExists: { [TAG]: "Fleet" } }, { "aws:resourcetag/capstan": "other" }, false],
    [{ StringNotEquals: { [TAG]: "other" } }, tagged, true],
    [{ StringNotEquals: { [TAG]: "other" } }, {}, true],
    [{ StringNotEquals: { [TAG]: ["other", "Fleet"] } }, tagged, false],
    [{ StringEqualsIgnoreCase: { [TAG]: "fLEET" } }, tagged, true],
    [{ StringNotEqualsIgnoreCase: { [TAG]: "fLEET" } }, tagged, false],
    [{ StringLike: { [TAG]: "Fl*" } }, tagged, true],
    [{ StringLike: { [TAG]: "l*" } }, tagged, false],
    [{ StringNotLike: { [TAG]: "Fl*" } }, tagged, false],
    [{ StringNotLike: { [TAG]: "Fl*" } }, {}, true],
    [
      { ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/*" } },
      { "aws:principalarn": "arn:aws:iam::1:role/a" },
      true,
    ],
    [
      { ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:user/*" } },
      { "aws:principalarn": "arn:aws:iam::1:role/a" },
      false,
    ],
    [
      { ArnNotLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/*" } },
      { "aws:principalarn": "arn:aws:iam::1:role/a" },
      false,
    ],
    [{ Bool: { "aws:SecureTransport": "true" } }, { "aws:securetransport": "true" }, true],
    [{ Bool: { "aws:SecureTransport": "false" } }, { "aws:securetransport": "true" }, false],
    [{ Bool: { "aws:SecureTransport": "false" } }, {}, false],
    [{ Null: { [TAG]: "true" } }, {}, true],
    [{ Null: { [TAG]: "true" } }, tagged, false],
    [{ Null: { [TAG]: "false" } }, tagged, true],
    [{ DateLessThan: { [ISSUED]: "2026-11-22T12:00:01Z" } }, issued, true],
    [{ DateLessThan: { [ISSUED]: "2026-11-22T12:00:00Z" } }, issued, false],
    [{ DateLessThanEquals: { [ISSUED]: "2026-11-22T12:00:00Z" } }, issued, true],
    [{ DateGreaterThan: { [ISSUED]: "2026-11-22T12:00:00Z" } }, issued, false],
    [{ DateGreaterThanEquals: { [ISSUED]: "2026-11-22T12:00:00Z" } }, issued, true],
    [{ DateLessThan: { [ISSUED]: "2026-11-22T12:00:01Z" } }, {}, false],
    [{ "ForAllValues:StringEquals": { "aws:TagKeys": ["a", "b"] } }, { "aws:tagkeys": ["a"] }, true],
    [{ "ForAllValues:StringEquals": { "aws:TagKeys": ["a", "b"] } }, { "aws:tagkeys": ["a", "c"] }, false],
    [{ "ForAllValues:StringEquals": { "aws:TagKeys": "a" } }, {}, true],
    [{ "ForAnyValue:StringEquals": { "aws:TagKeys": "a" } }, { "aws:tagkeys": ["a", "c"] }, true],
    [{ "ForAnyValue:StringEquals": { "aws:TagKeys": "a" } }, { "aws:tagkeys": ["c"] }, false],
    [{ "ForAnyValue:StringEquals": { "aws:TagKeys": "a" } }, {}, false],
    [{ StringEquals: { "iam:PassedToService": "x" } }, {}, false],
  ] as const)("%j holds for %j: %s", (members, context, expected) => {
    expect(verdict(condition(members), context)).toBe(expected ? "allowed" : "not-allowed");
  });
});

describe("what would not be evaluated as IAM does is refused beforehand", () => {
  test.each([
    ["no policy", undefined, "policy: must be an object"],
    ["another version", { ...(policy() as object), Version: "2008-10-17" }, 'policy.Version: must be "2012-10-17"'],
    ["no statement", policy(), "policy.Statement: has no statement"],
    ["a principal", policy(statement({ Principal: "*" })), /does not know "Principal"/],
    ["an effect of neither kind", policy(statement({ Effect: "Permit" })), /\.Effect: must be "Allow" or "Deny"/],
    ["no action", policy(statement({ Action: undefined })), /must have either Action or NotAction/],
    ["both actions", policy(statement({ NotAction: "a:B" })), /must have either Action or NotAction/],
    ["no resource", policy(statement({ Resource: undefined })), /must have either Resource or NotResource/],
    [
      "an action without service",
      policy(statement({ Action: "GetCrl" })),
      /"GetCrl" is not of the form service:Action/,
    ],
    ["a resource that is no ARN", policy(statement({ Resource: "crl/*" })), /"crl\/\*" is neither "\*" nor an ARN/],
    ["an unknown operator", condition({ IpAddress: { "aws:SourceIp": "10.0.0.0/8" } }), /does not know "IpAddress"/],
    ["an unknown key", condition({ StringEquals: { "aws:SourceVpc": "x" } }), /does not know this condition key/],
    ["NullIfExists", condition({ NullIfExists: { "aws:TagKeys": "true" } }), /does not know "NullIfExists"/],
    [
      "a key of several values alone",
      condition({ StringEquals: { "aws:TagKeys": "a" } }),
      /use ForAllValues: or ForAnyValue:/,
    ],
    [
      "a variable in a resource",
      policy(statement({ Resource: "arn:aws:rolesanywhere:*:${aws:PrincipalAccount}:crl/*" })),
      /policy variables are not emulated/,
    ],
  ])("%s", (_fact, document, message) => {
    expect(() => parseIdentityPolicy(document, "policy")).toThrow(
      expect.objectContaining({
        code: "ERR_POLICY",
        message: typeof message === "string" ? message : expect.stringMatching(message),
      }),
    );
  });
});
