import { describe, expect, test } from "vitest";
import { isAllowed, parseTrustPolicy } from "../src/trust-policy.ts";
import { trustPolicy } from "./fixture.ts";

const ANCHOR = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/0a1b";

const CONTEXT = new Map([
  ["aws:sourcearn", ANCHOR],
  ["aws:sourceaccount", "111122223333"],
  ["sts:sourceidentity", "CN=web.demo"],
  ["aws:principaltag/x509subject/cn", "web.demo"],
  ["aws:principaltag/x509subject/ou", "Security/Engineering"],
  ["aws:principaltag/x509issuer/cn", "Example Fleet CA"],
  ["aws:principaltag/x509san/uri", "spiffe://example.org/ns/demo/sa/web"],
]);

const allows = (document: unknown): boolean => isAllowed(parseTrustPolicy(document, "policy"), CONTEXT);

const CN = "aws:PrincipalTag/x509Subject/CN";
const URI = "aws:PrincipalTag/x509SAN/URI";
const ABSENT = "aws:PrincipalTag/x509SAN/DNS";

describe("a condition", () => {
  test.each([
    ["holds", { StringEquals: { [CN]: "web.demo" } }],
    ["fails", { StringEquals: { [CN]: "api.demo" } }],
    ["fails", { StringEquals: { [CN]: "WEB.demo" } }],
    ["fails", { StringEquals: { [CN]: "web.*" } }],
    ["holds", { StringEquals: { [CN]: ["api.demo", "web.demo"] } }],
    ["holds", { StringEquals: { "AWS:principaltag/X509subject/cn": "web.demo" } }],
    ["holds", { StringEquals: { "sts:SourceIdentity": "CN=web.demo" } }],
    ["holds", { StringEquals: { "aws:SourceAccount": "111122223333" } }],
    ["fails", { StringEquals: { "aws:SourceAccount": "111122223334" } }],
    ["holds", { StringEquals: { "aws:PrincipalTag/x509Subject/OU": "Security/Engineering" } }],
    ["fails", { StringEquals: { [ABSENT]: "web.demo" } }],
    ["fails", { StringEquals: { [ABSENT]: "" } }],
    ["fails", { StringNotEquals: { [CN]: "web.demo" } }],
    ["fails", { StringNotEquals: { [CN]: ["web.demo", "api.demo"] } }],
    ["holds", { StringNotEquals: { [CN]: "api.demo" } }],
    ["holds", { StringNotEquals: { [ABSENT]: "web.demo" } }],
    ["holds", { StringLike: { [URI]: "spiffe://example.org/ns/demo/*" } }],
    ["holds", { StringLike: { [CN]: "web.dem?" } }],
    ["holds", { StringLike: { [CN]: "web.demo*" } }],
    ["fails", { StringLike: { [CN]: "web.demo?" } }],
    ["fails", { StringLike: { [CN]: "web?emo" } }],
    ["fails", { StringLike: { [CN]: "eb.demo" } }],
    ["fails", { StringLike: { [CN]: "web+demo" } }],
    ["fails", { StringLike: { [CN]: "Web.*" } }],
    ["fails", { StringLike: { [ABSENT]: "*" } }],
    ["holds", { ArnEquals: { "aws:SourceArn": ANCHOR } }],
    ["holds", { ArnEquals: { "aws:SourceArn": ANCHOR.replace("0a1b", "*") } }],
    ["fails", { ArnEquals: { "aws:SourceArn": `${ANCHOR}c` } }],
    ["fails", { ArnEquals: { "aws:SourceArn": "*" } }],
    ["holds", { ArnLike: { "aws:SourceArn": "arn:aws:rolesanywhere:*:111122223333:trust-anchor/*" } }],
    ["fails", { ArnLike: { "aws:SourceArn": "arn:aws:rolesanywhere:*:999999999999:trust-anchor/*" } }],
    ["fails", { ArnLike: { "aws:SourceArn": "arn:aws:*:trust-anchor/0a1b" } }],
    ["holds", { StringEquals: { [CN]: "web.demo", "aws:SourceAccount": "111122223333" } }],
    ["fails", { StringEquals: { [CN]: "web.demo", "aws:SourceAccount": "999999999999" } }],
    ["fails", { StringEquals: { [CN]: "web.demo" }, StringLike: { [URI]: "spiffe://other/*" } }],
  ])("%s: %j", (outcome, condition) => {
    expect(allows(trustPolicy(condition))).toBe(outcome === "holds");
  });
});

const ALL = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
const SERVICE = { Service: "rolesanywhere.amazonaws.com" };

const statement = (members: Readonly<Record<string, unknown>>): unknown => ({
  Effect: "Allow",
  Principal: SERVICE,
  Action: ALL,
  ...members,
});

const policy = (...statements: readonly unknown[]): unknown => ({ Version: "2012-10-17", Statement: statements });

describe("a role", () => {
  test.each([
    ["opens with all three actions", true, policy(statement({}))],
    ["opens with one statement that is no list", true, { Version: "2012-10-17", Statement: statement({}) }],
    [
      "opens with the actions in several statements",
      true,
      policy(statement({ Action: ALL[0] }), statement({ Action: ALL.slice(1) })),
    ],
    [
      "opens whatever the case of the actions",
      true,
      policy(statement({ Action: ALL.map((each) => each.toUpperCase()) })),
    ],
    ["stays shut without sts:AssumeRole", false, policy(statement({ Action: ALL.slice(1) }))],
    ["stays shut without sts:TagSession", false, policy(statement({ Action: [ALL[0], ALL[2]] }))],
    ["stays shut without sts:SetSourceIdentity", false, policy(statement({ Action: ALL.slice(0, 2) }))],
    ["stays shut for another service", false, policy(statement({ Principal: { Service: "ec2.amazonaws.com" } }))],
    [
      "opens when Roles Anywhere is one of several services",
      true,
      policy(statement({ Principal: { Service: ["ec2.amazonaws.com", SERVICE.Service] } })),
    ],
    ["stays shut when a statement denies", false, policy(statement({}), statement({ Effect: "Deny" }))],
    ["stays shut when the denial comes first", false, policy(statement({ Effect: "Deny" }), statement({}))],
    [
      "stays shut when a denial's condition holds for one action",
      false,
      policy(
        statement({}),
        statement({ Effect: "Deny", Action: ALL[2], Condition: { StringLike: { [CN]: "web.*" } } }),
      ),
    ],
    [
      "opens when a denial's condition fails",
      true,
      policy(statement({}), statement({ Effect: "Deny", Condition: { StringLike: { [CN]: "api.*" } } })),
    ],
    [
      "stays shut with denials alone",
      false,
      policy(statement({ Effect: "Deny", Principal: { Service: "ec2.amazonaws.com" } })),
    ],
  ])("%s", (_fact, open, document) => {
    expect(allows(document)).toBe(open);
  });
});

describe("what would not be evaluated as IAM does is refused beforehand", () => {
  test.each([
    ["no policy", null, "policy: must be an object"],
    ["another version", { Version: "2008-10-17", Statement: [] }, 'policy.Version: must be "2012-10-17"'],
    ["no statement", policy(), "policy.Statement: has no statement"],
    [
      "an unknown operator",
      trustPolicy({ StringEqualsIgnoreCase: { [CN]: "web" } }),
      'policy.Statement[0].Condition: the emulator does not know "StringEqualsIgnoreCase"; it knows StringEquals, StringNotEquals, StringLike, ArnEquals, ArnLike',
    ],
    [
      "an operator with a suffix",
      trustPolicy({ StringEqualsIfExists: { [CN]: "web" } }),
      /does not know "StringEqualsIfExists"/,
    ],
    [
      "an unknown condition key",
      trustPolicy({ StringEquals: { "aws:PrincipalTag/x509Subject": "web" } }),
      'policy.Statement[0].Condition.StringEquals["aws:PrincipalTag/x509Subject"]: the emulator does not know this condition key',
    ],
    [
      "a misspelt condition key",
      trustPolicy({ StringEquals: { "aws:SourceARNs": "x" } }),
      /does not know this condition key/,
    ],
    [
      "a policy variable",
      trustPolicy({ StringEquals: { [CN]: "${aws:SourceAccount}" } }),
      /policy variables are not emulated/,
    ],
    [
      "an empty list of values",
      trustPolicy({ StringEquals: { [CN]: [] } }),
      /must be a string or a list of strings that is not empty/,
    ],
    ["a value that is no string", trustPolicy({ StringEquals: { [CN]: 7 } }), /must be a string or a list/],
    ["a condition that is no object", trustPolicy({ StringEquals: "web" }), /must be an object of condition keys/],
    ["an effect in lower case", policy(statement({ Effect: "allow" })), /\.Effect: must be "Allow" or "Deny"/],
    [
      "an AWS principal",
      policy(statement({ Principal: { AWS: "*" } })),
      /the emulator does not know "AWS"; it knows Service/,
    ],
    ["any principal", policy(statement({ Principal: "*" })), /\.Principal: must be an object/],
    ["a wildcard action", policy(statement({ Action: "sts:*" })), /"sts:\*" is not a plain sts: action/],
    ["NotAction", policy(statement({ NotAction: ALL })), /the emulator does not know "NotAction"/],
    ["a resource", policy(statement({ Resource: "*" })), /the emulator does not know "Resource"/],
  ])("%s", (_fact, document, message) => {
    expect(() => parseTrustPolicy(document, "policy")).toThrow(
      expect.objectContaining({
        code: "ERR_POLICY",
        message: typeof message === "string" ? message : expect.stringMatching(message),
      }),
    );
  });
});
