import {
  CreateProfileCommand,
  CreateTrustAnchorCommand,
  EnableCrlCommand,
  GetCrlCommand,
  GetTrustAnchorCommand,
  ImportCrlCommand,
  ListCrlsCommand,
  ListTrustAnchorsCommand,
  type RolesAnywhereClient,
  UpdateCrlCommand,
  UpdateTrustAnchorCommand,
} from "@aws-sdk/client-rolesanywhere";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ACCOUNT, ADMIN, type Fixture, newClient, refusal, REGION, startFixture, trustPolicy } from "./fixture.ts";
import { type OpensslCa, OpensslPki } from "./openssl-pki.ts";
import { type SignedResult, signedCall } from "./signed-call.ts";

const ROLE = `arn:aws:iam::${ACCOUNT}:role/publisher`;
const HERE = `arn:aws:rolesanywhere:${REGION}:${ACCOUNT}`;

const USER = {
  accessKeyId: "AKIAUSER",
  secretAccessKey: "user-secret",
  arn: `arn:aws:iam::${ACCOUNT}:user/clerk`,
  policies: [],
} as const;

const allow = (action: string | readonly string[], resource: string | readonly string[], condition: unknown = {}) => ({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: action, Resource: resource, Condition: condition }],
});

const deny = (action: string, resource: string) => ({
  Version: "2012-10-17",
  Statement: [{ Effect: "Deny", Action: action, Resource: resource }],
});

const pki = new OpensslPki();
let root: OpensslCa;
let crlData: Uint8Array;
let fixture: Fixture;
let trustAnchorArn: string;
let publisher: RolesAnywhereClient;

beforeAll(() => {
  root = pki.root();
  crlData = root.crl({ revoked: [root.issue()] });
});

afterAll(() => pki.dispose());

beforeEach(async () => {
  fixture = await startFixture({
    accessKeys: [ADMIN, USER],
    roles: [{ arn: ROLE, trustPolicy: trustPolicy(), policies: [] }],
    profiles: [{ name: "web", roleArns: [ROLE] }],
  });
  trustAnchorArn = await fixture.anchor(root);
  publisher = await sessionClient();
});

afterEach(() => fixture.emulator.stop());

async function sessionClient(): Promise<RolesAnywhereClient> {
  const result = await fixture.session({ leaf: root.issue(), trustAnchorArn, roleArn: ROLE });
  const { accessKeyId, secretAccessKey, sessionToken } = result.body.credentialSet[0].credentials;
  return newClient(fixture.emulator, fixture.clock, { accessKeyId, secretAccessKey, sessionToken });
}

const trustAnchorId = (): string => trustAnchorArn.split("/")[1] ?? "";
const grant = (...policies: readonly unknown[]): void => fixture.emulator.setPolicies(ROLE, policies);
const get = (): Promise<unknown> => publisher.send(new GetTrustAnchorCommand({ trustAnchorId: trustAnchorId() }));

describe("a call that is not allowed is refused in AWS's words", () => {
  const SESSION = "User: arn:aws:sts::111122223333:assumed-role/publisher/";

  test("of a session, whose role has no policy for it", async () => {
    const refused = await refusal(get());
    expect(refused).toMatchObject({ name: "AccessDeniedException", status: 403 });
    expect(refused.message.startsWith(SESSION)).toBe(true);
    expect(refused.message.split(" is not authorized ")[1]).toBe(
      `to perform: rolesanywhere:GetTrustAnchor on resource: ${trustAnchorArn} because no identity-based policy allows the rolesanywhere:GetTrustAnchor action`,
    );
  });

  test("of a user", async () => {
    const clerk = newClient(fixture.emulator, fixture.clock, USER);
    expect(await refusal(clerk.send(new ListCrlsCommand({})))).toMatchObject({
      message: `User: ${USER.arn} is not authorized to perform: rolesanywhere:ListCrls on resource: * because no identity-based policy allows the rolesanywhere:ListCrls action`,
    });
  });

  test("by an explicit deny, which wins", async () => {
    grant(allow("*", "*"), deny("rolesanywhere:Get*", "*"));
    expect(await refusal(get())).toMatchObject({
      message: expect.stringMatching(/ with an explicit deny in an identity-based policy$/),
    });
  });

  test("and does nothing", async () => {
    grant(allow("rolesanywhere:GetTrustAnchor", "*"));
    const source = {
      sourceType: "CERTIFICATE_BUNDLE",
      sourceData: { x509CertificateData: root.certificatePem },
    } as const;
    const update = new UpdateTrustAnchorCommand({ trustAnchorId: trustAnchorId(), name: "renamed", source });
    expect(await refusal(publisher.send(update))).toMatchObject({ name: "AccessDeniedException" });
    expect(await get()).toMatchObject({ trustAnchor: { name: "prod" } });
  });
});

test("a role without policies of its own in the seed may do everything, and so may an administrator's key", async () => {
  fixture.emulator.setPolicies(ROLE, undefined);
  await get();
  await fixture.client.send(new ListCrlsCommand({}));
});

test("a change of policies reaches sessions that were handed out before", async () => {
  grant(allow("rolesanywhere:*", "*"));
  await get();
  grant();
  expect(await refusal(get())).toMatchObject({ name: "AccessDeniedException" });
});

test("sessions issued before a time are ended by a deny on their issue time", async () => {
  const until = new Date(fixture.clock.now().getTime() + 5_000).toISOString();
  const revokeOlder = {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Deny", Action: "*", Resource: "*", Condition: { DateLessThan: { "aws:TokenIssueTime": until } } },
    ],
  };
  grant(allow("*", "*"), revokeOlder);
  expect(await refusal(get())).toMatchObject({ message: expect.stringContaining("explicit deny") });
  fixture.clock.advance(5_000);
  publisher = await sessionClient();
  await get();
});

describe("the resource of a call is", () => {
  test("the one that it is about", async () => {
    const other = (await fixture.anchor(root)).split("/")[1];
    grant(allow("rolesanywhere:GetTrustAnchor", trustAnchorArn));
    await get();
    expect(await refusal(publisher.send(new GetTrustAnchorCommand({ trustAnchorId: other })))).toMatchObject({
      name: "AccessDeniedException",
    });
  });

  test("named before it is looked for, so that nobody learns what exists", async () => {
    const ghost = "00000000-0000-0000-0000-000000000000";
    expect(await refusal(publisher.send(new GetCrlCommand({ crlId: ghost })))).toMatchObject({
      message: expect.stringContaining(`on resource: ${HERE}:crl/${ghost} because`),
    });
    grant(allow("rolesanywhere:GetCrl", "*"));
    expect(await refusal(publisher.send(new GetCrlCommand({ crlId: ghost })))).toMatchObject({
      name: "ResourceNotFoundException",
    });
  });

  const notifications = (): Promise<SignedResult> =>
    signedCall(publisher, {
      method: "PATCH",
      path: "/put-notifications-settings",
      body: { trustAnchorId: trustAnchorId(), notificationSettings: [] },
    });

  test("the trust anchor in the body, of notification settings", async () => {
    grant(allow("rolesanywhere:PutNotificationSettings", `${HERE}:trust-anchor/other`));
    expect(await notifications()).toMatchObject({ status: 403, error: "AccessDeniedException" });
    grant(allow("rolesanywhere:PutNotificationSettings", trustAnchorArn));
    expect(await notifications()).toMatchObject({ status: 200 });
  });

  const imports = (tags?: readonly { key: string; value: string }[]): Promise<unknown> =>
    publisher.send(
      new ImportCrlCommand({
        name: "fleet",
        trustAnchorArn,
        crlData,
        ...(tags === undefined ? {} : { tags: [...tags] }),
      }),
    );

  test.each([
    ["both", [`${HERE}:crl/*`, "ANCHOR"], true],
    ["both", ["ANCHOR"], false],
    ["both", [`${HERE}:crl/*`], false],
    ["trust-anchor", ["ANCHOR"], true],
    ["trust-anchor", [`${HERE}:crl/*`], false],
    ["crl", [`${HERE}:crl/*`], true],
    ["crl", ["ANCHOR"], false],
  ] as const)(
    "of ImportCrl, where importCrlResource is %s, allowed on %s: %s",
    async (position, resources, allowed) => {
      fixture.emulator.setUnknowns({ importCrlResource: position });
      const named = resources.map((resource) => (resource === "ANCHOR" ? trustAnchorArn : resource));
      grant(allow("rolesanywhere:ImportCrl", named));
      await expect(
        imports().then(
          () => true,
          () => false,
        ),
      ).resolves.toBe(allowed);
    },
  );

  test.each([
    ["everything", "*", true],
    ["everything", `${HERE}:trust-anchor/*`, false],
    ["kind", `${HERE}:trust-anchor/*`, true],
    ["kind", "*", true],
    ["kind", `${HERE}:crl/*`, false],
  ] as const)("of a list, where collectionResource is %s, allowed on %s: %s", async (position, resource, allowed) => {
    fixture.emulator.setUnknowns({ collectionResource: position });
    grant(allow("rolesanywhere:ListTrustAnchors", resource));
    const list = publisher.send(new ListTrustAnchorsCommand({}));
    await expect(
      list.then(
        () => true,
        () => false,
      ),
    ).resolves.toBe(allowed);
  });

  test("also what a create is tagged as, under TagResource", async () => {
    const tags = [{ key: "capstan", value: "fleet" }];
    grant(allow("rolesanywhere:ImportCrl", "*"));
    expect(await refusal(imports(tags))).toMatchObject({
      message: expect.stringContaining(`perform: rolesanywhere:TagResource on resource: ${HERE}:crl/*`),
    });
    grant(allow(["rolesanywhere:ImportCrl", "rolesanywhere:TagResource"], "*"));
    await imports(tags);
  });

  test.each([
    ["the tag that is asked for", { StringEquals: { "aws:RequestTag/capstan": "fleet" } }, true],
    ["another value", { StringEquals: { "aws:RequestTag/capstan": "other" } }, false],
    ["its key among those allowed", { "ForAllValues:StringEquals": { "aws:TagKeys": ["capstan"] } }, true],
    ["another key", { "ForAnyValue:StringEquals": { "aws:TagKeys": ["owner"] } }, false],
  ])("conditioned by %s", async (_fact, condition, allowed) => {
    grant(allow(["rolesanywhere:ImportCrl", "rolesanywhere:TagResource"], "*", condition));
    const made = imports([{ key: "capstan", value: "fleet" }]);
    await expect(
      made.then(
        () => true,
        () => false,
      ),
    ).resolves.toBe(allowed);
  });

  test("conditioned by the tags that it has", async () => {
    const tagged = await fixture.client.send(
      new ImportCrlCommand({ name: "fleet", trustAnchorArn, crlData, tags: [{ key: "capstan", value: "fleet" }] }),
    );
    const plain = await fixture.crl(trustAnchorArn, crlData);
    grant(allow("rolesanywhere:*Crl", `${HERE}:crl/*`, { StringEquals: { "aws:ResourceTag/capstan": "fleet" } }));
    await publisher.send(new UpdateCrlCommand({ crlId: tagged.crl?.crlId, crlData }));
    const stranger = publisher.send(new UpdateCrlCommand({ crlId: plain, crlData }));
    expect(await refusal(stranger)).toMatchObject({ name: "AccessDeniedException" });
  });
});

describe("the caller is known by", () => {
  test.each([
    ["its role", { ArnLike: { "aws:PrincipalArn": ROLE } }, true],
    ["no other role", { ArnLike: { "aws:PrincipalArn": `${ROLE}2` } }, false],
    ["the session tags of its certificate", { StringEquals: { "aws:PrincipalTag/x509Subject/CN": "web.demo" } }, true],
    ["no other tag", { StringEquals: { "aws:PrincipalTag/x509Subject/CN": "api.demo" } }, false],
    ["its source identity", { StringEquals: { "aws:SourceIdentity": "CN=web.demo" } }, true],
    ["the region that it calls", { StringEquals: { "aws:RequestedRegion": REGION } }, true],
    ["no other region", { StringEquals: { "aws:RequestedRegion": "us-east-1" } }, false],
    ["HTTPS, which the emulator stands for", { Bool: { "aws:SecureTransport": "true" } }, true],
  ])("%s", async (_fact, condition, allowed) => {
    grant(allow("rolesanywhere:GetTrustAnchor", "*", condition));
    await expect(
      get().then(
        () => true,
        () => false,
      ),
    ).resolves.toBe(allowed);
  });
});

test("the first trust anchor of an account needs the right to make the service-linked role, the second does not", async () => {
  const fresh = await startFixture({ accessKeys: [ADMIN, USER] });
  try {
    const clerk = newClient(fresh.emulator, fresh.clock, USER);
    const create = (): Promise<unknown> =>
      clerk.send(
        new CreateTrustAnchorCommand({
          name: "prod",
          source: { sourceType: "CERTIFICATE_BUNDLE", sourceData: { x509CertificateData: root.certificatePem } },
        }),
      );
    fresh.emulator.setPolicies(USER.arn, [allow("rolesanywhere:CreateTrustAnchor", "*")]);
    expect(await refusal(create())).toMatchObject({
      message: "Unauthorized because no identity-based policy allows for the iam:CreateServiceLinkedRole action",
    });
    await fresh.anchor(root);
    await create();
  } finally {
    await fresh.emulator.stop();
  }
});

test("a profile is made only by who may pass its roles to Roles Anywhere", async () => {
  const create = (): Promise<unknown> => publisher.send(new CreateProfileCommand({ name: "new", roleArns: [ROLE] }));
  grant(allow("rolesanywhere:CreateProfile", "*"));
  expect(await refusal(create())).toMatchObject({
    message: expect.stringContaining(`iam:PassRole on resource: ${ROLE}`),
  });
  const toRolesAnywhere = { StringEquals: { "iam:PassedToService": "rolesanywhere.amazonaws.com" } };
  grant(allow("rolesanywhere:CreateProfile", "*"), allow("iam:PassRole", ROLE, toRolesAnywhere));
  await create();
});

describe("a profile leaves a session", () => {
  const READ = "arn:aws:iam::aws:policy/AWSRolesAnywhereReadOnly";
  const UPDATE = allow("rolesanywhere:EnableCrl", "*");

  const start = async (profile: {
    readonly sessionPolicy?: string;
    readonly managedPolicyArns?: readonly string[];
  }): Promise<Fixture> =>
    startFixture({
      roles: [{ arn: ROLE, trustPolicy: trustPolicy(), policies: [allow("rolesanywhere:*Crl*", "*")] }],
      profiles: [{ name: "web", roleArns: [ROLE], ...profile }],
      managedPolicies: { [READ]: allow(["rolesanywhere:List*", "rolesanywhere:Get*"], "*") },
    });

  test.each([
    ["all that the role may", {}, { list: true, enable: true, anchors: false }],
    [
      "what the session policy allows too",
      { sessionPolicy: JSON.stringify(UPDATE) },
      { list: false, enable: true, anchors: false },
    ],
    ["what a managed policy allows too", { managedPolicyArns: [READ] }, { list: true, enable: false, anchors: false }],
    [
      "what either of them allows",
      { sessionPolicy: JSON.stringify(UPDATE), managedPolicyArns: [READ] },
      { list: true, enable: true, anchors: false },
    ],
    [
      "nothing that one of them denies",
      { sessionPolicy: JSON.stringify(deny("rolesanywhere:ListCrls", "*")), managedPolicyArns: [READ] },
      { list: false, enable: false, anchors: false },
    ],
  ])("%s", async (_fact, profile, expected) => {
    const limited = await start(profile);
    try {
      const arn = await limited.anchor(root);
      const crlId = await limited.crl(arn, crlData);
      const result = await limited.session({ leaf: root.issue(), trustAnchorArn: arn, roleArn: ROLE });
      const { accessKeyId, secretAccessKey, sessionToken } = result.body.credentialSet[0].credentials;
      const client = newClient(limited.emulator, limited.clock, { accessKeyId, secretAccessKey, sessionToken });
      const may = (call: Promise<unknown>): Promise<boolean> =>
        call.then(
          () => true,
          () => false,
        );
      expect({
        list: await may(client.send(new ListCrlsCommand({}))),
        enable: await may(client.send(new EnableCrlCommand({ crlId }))),
        anchors: await may(client.send(new ListTrustAnchorsCommand({}))),
      }).toEqual(expected);
    } finally {
      await limited.emulator.stop();
    }
  });

  test("and says that it was the session policy that does not allow", async () => {
    const limited = await start({ sessionPolicy: JSON.stringify(UPDATE) });
    try {
      const arn = await limited.anchor(root);
      const result = await limited.session({ leaf: root.issue(), trustAnchorArn: arn, roleArn: ROLE });
      const { accessKeyId, secretAccessKey, sessionToken } = result.body.credentialSet[0].credentials;
      const client = newClient(limited.emulator, limited.clock, { accessKeyId, secretAccessKey, sessionToken });
      expect(await refusal(client.send(new ListCrlsCommand({})))).toMatchObject({
        message: expect.stringMatching(/because no session policy allows the rolesanywhere:ListCrls action$/),
      });
    } finally {
      await limited.emulator.stop();
    }
  });

  test.each([
    ["a managed policy that the emulator was not given", { managedPolicyArns: ["arn:aws:iam::aws:policy/Other"] }],
    ["a session policy that it cannot evaluate", { sessionPolicy: "{}" }],
    ["a session policy that is no JSON", { sessionPolicy: "{" }],
  ])("nothing for sure, with %s", async (_fact, profile) => {
    const limited = await start(profile);
    try {
      const arn = await limited.anchor(root);
      const result = await limited.session({ leaf: root.issue(), trustAnchorArn: arn, roleArn: ROLE });
      expect(result).toMatchObject({ status: 501, error: "NotEmulated" });
    } finally {
      await limited.emulator.stop();
    }
  });
});

test("every access is written down once, with its outcome, so that rights without a use can be found", async () => {
  grant(allow(["rolesanywhere:GetTrustAnchor", "rolesanywhere:DeleteCrl"], "*"));
  await get();
  await get();
  await publisher.send(new ListCrlsCommand({})).catch(() => undefined);
  const mine = fixture.emulator.accesses().filter(({ principal }) => principal === ROLE);
  expect(mine).toEqual([
    { principal: ROLE, action: "rolesanywhere:GetTrustAnchor", resource: trustAnchorArn, allowed: true, count: 2 },
    { principal: ROLE, action: "rolesanywhere:ListCrls", resource: "*", allowed: false, count: 1 },
  ]);
});

test("each right that a task needs is missed when it is taken away, and no other", async () => {
  const crlId = await fixture.crl(trustAnchorArn, crlData);
  const task = async (): Promise<void> => {
    await get();
    await publisher.send(new UpdateCrlCommand({ crlId, crlData }));
    await publisher.send(new EnableCrlCommand({ crlId }));
    await publisher.send(new ListCrlsCommand({}));
  };
  grant(allow("*", "*"));
  await task();
  const needed = fixture.emulator.accesses().filter(({ principal }) => principal === ROLE);
  expect(needed.map(({ action }) => action.replace("rolesanywhere:", ""))).toEqual([
    "GetTrustAnchor",
    "UpdateCrl",
    "EnableCrl",
    "ListCrls",
  ]);
  for (const missing of needed) {
    grant(allow("*", "*"), deny(missing.action, missing.resource));
    await expect(task()).rejects.toMatchObject({ name: "AccessDeniedException" });
  }
});

test.each([
  ["of nobody", `arn:aws:iam::${ACCOUNT}:role/ghost`],
  ["of another account", "arn:aws:iam::444455556666:role/publisher"],
])("rights %s cannot be set", (_fact, arn) => {
  expect(() => fixture.emulator.setPolicies(arn, [])).toThrow(`${arn} is no user or role of the emulator`);
});

test("a policy that cannot be evaluated is refused, and what was there stays", async () => {
  grant(allow("*", "*"));
  expect(() => grant(allow("*", "*", { IpAddress: {} }))).toThrow(expect.objectContaining({ code: "ERR_POLICY" }));
  await get();
});
