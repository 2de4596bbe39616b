import {
  AttachRolePolicyCommand,
  CreateRoleCommand,
  CreateServiceLinkedRoleCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListInstanceProfilesForRoleCommand,
  ListRolePoliciesCommand,
  ListRoleTagsCommand,
  PutRolePolicyCommand,
  TagRoleCommand,
  UntagRoleCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { CreateProfileCommand, ListTrustAnchorsCommand } from "@aws-sdk/client-rolesanywhere";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ACCOUNT, ADMIN, type Fixture, newClient, refusal, REGION, startFixture, trustPolicy } from "./fixture.ts";
import { type OpensslCa, OpensslPki } from "./openssl-pki.ts";

const CLERK = {
  accessKeyId: "AKIACLERK",
  secretAccessKey: "clerk-secret",
  arn: `arn:aws:iam::${ACCOUNT}:user/clerk`,
  policies: [],
} as const;
const READ_ONLY = "arn:aws:iam::aws:policy/ReadOnly";

const allow = (action: string | readonly string[], condition: unknown = {}) => ({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: action, Resource: "*", Condition: condition }],
});

const pki = new OpensslPki();
let root: OpensslCa;
let fixture: Fixture;
let iam: IAMClient;

beforeAll(() => {
  root = pki.root();
});

afterAll(() => pki.dispose());

beforeEach(async () => {
  fixture = await startFixture({
    accessKeys: [ADMIN, CLERK],
    managedPolicies: { [READ_ONLY]: allow("rolesanywhere:List*") },
  });
  iam = clientOf(ADMIN);
});

afterEach(() => fixture.emulator.stop());

function clientOf(credentials: typeof ADMIN | typeof CLERK, region = "us-east-1"): IAMClient {
  const { accessKeyId, secretAccessKey } = credentials;
  const { endpoint } = fixture.emulator;
  return new IAMClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 });
}

const trust = JSON.stringify(trustPolicy(), undefined, 2);

function create(RoleName = "app", more: object = {}): Promise<unknown> {
  return iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust, ...more }));
}

function put(PolicyDocument: unknown, PolicyName = "main"): Promise<unknown> {
  return iam.send(
    new PutRolePolicyCommand({ RoleName: "app", PolicyName, PolicyDocument: JSON.stringify(PolicyDocument) }),
  );
}

describe("a role", () => {
  test("is created with all that was given, and read back so", async () => {
    const created = await iam.send(
      new CreateRoleCommand({
        RoleName: "app",
        Path: "/capstan/",
        Description: 'for <web> & "co"',
        MaxSessionDuration: 7200,
        AssumeRolePolicyDocument: trust,
        Tags: [
          { Key: "capstan.dev/authority", Value: "fleet" },
          { Key: "team", Value: "a b" },
        ],
      }),
    );
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: "app" }));
    expect(Role).toEqual(created.Role);
    expect(Role).toMatchObject({
      Arn: `arn:aws:iam::${ACCOUNT}:role/capstan/app`,
      Path: "/capstan/",
      RoleName: "app",
      Description: 'for <web> & "co"',
      MaxSessionDuration: 7200,
      Tags: [
        { Key: "capstan.dev/authority", Value: "fleet" },
        { Key: "team", Value: "a b" },
      ],
    });
    expect(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? "")).toBe(trust);
    expect(Role?.CreateDate?.getTime()).toBeLessThanOrEqual(fixture.clock.now().getTime());
  });

  test("is of no instance", async () => {
    await create();
    const { InstanceProfiles } = await iam.send(new ListInstanceProfilesForRoleCommand({ RoleName: "app" }));
    expect(InstanceProfiles).toEqual([]);
    await expect(iam.send(new ListInstanceProfilesForRoleCommand({ RoleName: "no" }))).rejects.toMatchObject({
      name: "NoSuchEntityException",
    });
  });

  test("has inline policies, attached ones and tags that come and go", async () => {
    await create();
    await put(allow("rolesanywhere:GetCrl"));
    await iam.send(new AttachRolePolicyCommand({ RoleName: "app", PolicyArn: READ_ONLY }));
    await iam.send(new TagRoleCommand({ RoleName: "app", Tags: [{ Key: "A", Value: "1" }] }));
    await iam.send(new TagRoleCommand({ RoleName: "app", Tags: [{ Key: "a", Value: "2" }] }));
    const policy = await iam.send(new GetRolePolicyCommand({ RoleName: "app", PolicyName: "main" }));
    expect(JSON.parse(decodeURIComponent(policy.PolicyDocument ?? ""))).toEqual(allow("rolesanywhere:GetCrl"));
    const state = async () => {
      const [inline, attached, tags] = await Promise.all([
        iam.send(new ListRolePoliciesCommand({ RoleName: "app" })),
        iam.send(new ListAttachedRolePoliciesCommand({ RoleName: "app" })),
        iam.send(new ListRoleTagsCommand({ RoleName: "app" })),
      ]);
      return [inline.PolicyNames, attached.AttachedPolicies, tags.Tags];
    };
    expect(await state()).toEqual([
      ["main"],
      [{ PolicyName: "ReadOnly", PolicyArn: READ_ONLY }],
      [{ Key: "a", Value: "2" }],
    ]);
    await iam.send(new DeleteRolePolicyCommand({ RoleName: "app", PolicyName: "main" }));
    await iam.send(new DetachRolePolicyCommand({ RoleName: "app", PolicyArn: READ_ONLY }));
    await iam.send(new UntagRoleCommand({ RoleName: "app", TagKeys: ["a"] }));
    expect(await state()).toEqual([[], [], []]);
    await iam.send(new DeleteRoleCommand({ RoleName: "app" }));
    expect(await refusal(iam.send(new GetRoleCommand({ RoleName: "app" })))).toMatchObject({
      name: "NoSuchEntityException",
      status: 404,
    });
  });

  test("is of the account and not of a region", async () => {
    await create();
    const { Role } = await clientOf(ADMIN, REGION).send(new GetRoleCommand({ RoleName: "APP" }));
    expect(Role?.RoleName).toBe("app");
  });

  test("lets sessions do what its policies say at the moment, and nothing else", async () => {
    await create();
    const trustAnchorArn = await fixture.anchor(root);
    const roleArn = `arn:aws:iam::${ACCOUNT}:role/app`;
    const made = await fixture.client.send(
      new CreateProfileCommand({ name: "app", roleArns: [roleArn], enabled: true }),
    );
    const profileArn = made.profile?.profileArn ?? "";
    const result = await fixture.session({ leaf: root.issue(), trustAnchorArn, roleArn, profileArn });
    const { accessKeyId, secretAccessKey, sessionToken } = result.body.credentialSet[0].credentials;
    const session = newClient(fixture.emulator, fixture.clock, { accessKeyId, secretAccessKey, sessionToken });
    const list = () => session.send(new ListTrustAnchorsCommand({}));
    expect(await refusal(list())).toMatchObject({ name: "AccessDeniedException" });
    await put(allow("rolesanywhere:ListTrustAnchors"));
    expect((await list()).trustAnchors).toHaveLength(1);
    await iam.send(new DeleteRolePolicyCommand({ RoleName: "app", PolicyName: "main" }));
    expect(await refusal(list())).toMatchObject({ name: "AccessDeniedException" });
    await iam.send(new AttachRolePolicyCommand({ RoleName: "app", PolicyArn: READ_ONLY }));
    expect((await list()).trustAnchors).toHaveLength(1);

    const issuedBy = { StringEquals: { "aws:PrincipalTag/x509Issuer/CN": "nobody" } };
    await iam.send(
      new UpdateAssumeRolePolicyCommand({ RoleName: "app", PolicyDocument: JSON.stringify(trustPolicy(issuedBy)) }),
    );
    expect(await fixture.session({ leaf: root.issue(), trustAnchorArn, roleArn, profileArn })).toMatchObject({
      status: 403,
      body: { message: `Unable to assume role for ${roleArn}.` },
    });
  });
});

describe("refused is", () => {
  const cases: readonly (readonly [
    string,
    () => Promise<unknown>,
    { name: string; status: number; message: RegExp },
  ])[] = [
    [
      "a second role of a name, in any case",
      async () => {
        await create();
        return create("App");
      },
      { name: "EntityAlreadyExistsException", status: 409, message: /^Role with name App already exists\.$/ },
    ],
    ["a name with a slash", () => create("a/b"), { name: "ValidationError", status: 400, message: /roleName/ }],
    ["a name of 65 characters", () => create("a".repeat(65)), { name: "ValidationError", status: 400, message: /64/ }],
    [
      "a trust policy that is no JSON",
      () => create("app", { AssumeRolePolicyDocument: "{" }),
      { name: "MalformedPolicyDocumentException", status: 400, message: /invalid Json/ },
    ],
    [
      "a trust policy over 2,048 characters",
      () =>
        create("app", {
          AssumeRolePolicyDocument: JSON.stringify(
            trustPolicy({ StringLike: { "aws:PrincipalTag/x509Subject/CN": "a".repeat(2000) } }),
          ),
        }),
      { name: "LimitExceededException", status: 409, message: /ACLSizePerRole/ },
    ],
    [
      "an identity policy with a principal",
      async () => {
        await create();
        return put(trustPolicy());
      },
      { name: "MalformedPolicyDocumentException", status: 400, message: /Principal/ },
    ],
    [
      "an identity policy whose Sid has a space",
      async () => {
        await create();
        return put({ Version: "2012-10-17", Statement: [{ ...allow("a:B").Statement[0], Sid: "two words" }] });
      },
      { name: "MalformedPolicyDocumentException", status: 400, message: /alpha-numeric/ },
    ],
    [
      "inline policies over 10,240 characters",
      async () => {
        await create();
        return put(allow("a:B", { StringLike: { "aws:PrincipalArn": "a".repeat(10_200) } }));
      },
      { name: "LimitExceededException", status: 409, message: /Maximum policy size/ },
    ],
    [
      "the deletion of a role that has an inline policy",
      async () => {
        await create();
        await put(allow("a:B"));
        return iam.send(new DeleteRoleCommand({ RoleName: "app" }));
      },
      { name: "DeleteConflictException", status: 409, message: /delete policies first/ },
    ],
    [
      "the deletion of a role that has an attached policy",
      async () => {
        await create();
        await iam.send(new AttachRolePolicyCommand({ RoleName: "app", PolicyArn: READ_ONLY }));
        return iam.send(new DeleteRoleCommand({ RoleName: "app" }));
      },
      { name: "DeleteConflictException", status: 409, message: /detach all policies/ },
    ],
    [
      "a policy that is not there",
      async () => {
        await create();
        return iam.send(new GetRolePolicyCommand({ RoleName: "app", PolicyName: "none" }));
      },
      { name: "NoSuchEntityException", status: 404, message: /none/ },
    ],
    [
      "a tag with a character that tags have not",
      () => create("app", { Tags: [{ Key: "a*", Value: "" }] }),
      { name: "InvalidInputException", status: 400, message: /a\*/ },
    ],
    [
      "a second service-linked role",
      async () => {
        const command = new CreateServiceLinkedRoleCommand({ AWSServiceName: "rolesanywhere.amazonaws.com" });
        await iam.send(command);
        return iam.send(command);
      },
      { name: "InvalidInputException", status: 400, message: /has been taken/ },
    ],
    [
      "a parameter that is not emulated",
      () => create("app", { PermissionsBoundary: READ_ONLY }),
      { name: "NotEmulated", status: 501, message: /PermissionsBoundary/ },
    ],
  ];
  test.each(cases)("%s", async (_, call, { name, status, message }) => {
    const refused = await refusal(call());
    expect(refused).toEqual({ name, status, message: expect.stringMatching(message) as unknown });
  });

  test("a wrong secret", async () => {
    const { endpoint } = fixture.emulator;
    const credentials = { accessKeyId: ADMIN.accessKeyId, secretAccessKey: "wrong" };
    const stranger = new IAMClient({ endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
    expect(await refusal(stranger.send(new GetRoleCommand({ RoleName: "web" })))).toMatchObject({
      name: "SignatureDoesNotMatch",
      status: 403,
    });
  });

  test("who has no right, in IAM's words; tags at creation take a right of their own", async () => {
    const clerk = clientOf(CLERK);
    const command = new CreateRoleCommand({
      RoleName: "app",
      AssumeRolePolicyDocument: trust,
      Tags: [{ Key: "team", Value: "a" }],
    });
    expect(await refusal(clerk.send(command))).toEqual({
      name: "AccessDenied",
      status: 403,
      message: `User: ${CLERK.arn} is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::${ACCOUNT}:role/app because no identity-based policy allows the iam:CreateRole action`,
    });
    const isTeamA = { StringEquals: { "aws:RequestTag/team": "a" } };
    fixture.emulator.setPolicies(CLERK.arn, [allow("iam:CreateRole", isTeamA)]);
    expect((await refusal(clerk.send(command))).message).toContain("iam:TagRole");
    fixture.emulator.setPolicies(CLERK.arn, [allow(["iam:CreateRole", "iam:TagRole"], isTeamA)]);
    await clerk.send(command);
    fixture.emulator.setPolicies(CLERK.arn, [
      allow("iam:DeleteRole", { StringEquals: { "aws:ResourceTag/team": "b" } }),
    ]);
    expect((await refusal(clerk.send(new DeleteRoleCommand({ RoleName: "app" })))).name).toBe("AccessDenied");
  });
});

test("a seeded role's policies can be read and changed, and it may do everything until somebody changes them", async () => {
  await fixture.emulator.stop();
  const policies = [allow("rolesanywhere:ListCrls")];
  fixture = await startFixture({
    roles: [
      { arn: `arn:aws:iam::${ACCOUNT}:role/web`, trustPolicy: trustPolicy() },
      { arn: `arn:aws:iam::${ACCOUNT}:role/bound`, trustPolicy: trustPolicy(), policies },
    ],
  });
  iam = clientOf(ADMIN);
  const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName: "bound" }));
  expect(PolicyNames).toEqual(["seed-0"]);
  const trustAnchorArn = await fixture.anchor(root);
  const { body } = await fixture.session({ leaf: root.issue(), trustAnchorArn });
  const { accessKeyId, secretAccessKey, sessionToken } = body.credentialSet[0].credentials;
  const session = newClient(fixture.emulator, fixture.clock, { accessKeyId, secretAccessKey, sessionToken });
  await iam.send(new TagRoleCommand({ RoleName: "web", Tags: [{ Key: "a", Value: "1" }] }));
  await session.send(new ListTrustAnchorsCommand({}));
  const one = JSON.stringify(allow("rolesanywhere:GetCrl"));
  await iam.send(new PutRolePolicyCommand({ RoleName: "web", PolicyName: "one", PolicyDocument: one }));
  expect(await refusal(session.send(new ListTrustAnchorsCommand({})))).toMatchObject({ name: "AccessDeniedException" });
});
