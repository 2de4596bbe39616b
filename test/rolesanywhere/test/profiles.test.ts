import {
  CreateProfileCommand,
  type CreateProfileCommandInput,
  DeleteProfileCommand,
  DisableProfileCommand,
  EnableProfileCommand,
  GetProfileCommand,
  ListProfilesCommand,
  UpdateProfileCommand,
} from "@aws-sdk/client-rolesanywhere";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ADMIN, type Fixture, refusal, startFixture, WEB_ROLE } from "./fixture.ts";

let fixture: Fixture;

beforeEach(async () => {
  fixture = await startFixture({ profiles: [] });
});

afterEach(() => fixture.emulator.stop());

async function create(input: Partial<CreateProfileCommandInput> = {}): Promise<string> {
  const command = new CreateProfileCommand({ name: "web", roleArns: [WEB_ROLE], ...input });
  return (await fixture.client.send(command)).profile?.profileId ?? "";
}

test("a new profile has the documented defaults, and is disabled unless enabled is said", async () => {
  const created = await fixture.client.send(new CreateProfileCommand({ name: "web", roleArns: [WEB_ROLE] }));
  expect(created.$metadata.httpStatusCode).toBe(201);
  expect(created.profile).toMatchObject({
    profileArn: `arn:aws:rolesanywhere:eu-central-1:111122223333:profile/${created.profile?.profileId}`,
    name: "web",
    roleArns: [WEB_ROLE],
    durationSeconds: 3600,
    enabled: false,
    managedPolicyArns: [],
    createdBy: ADMIN.arn,
  });
  const read = await fixture.client.send(new GetProfileCommand({ profileId: created.profile?.profileId }));
  expect(read.profile).toEqual(created.profile);
  expect((await fixture.client.send(new ListProfilesCommand({}))).profiles).toEqual([created.profile]);
});

test("an update changes what it names and nothing else", async () => {
  const profileId = await create({ enabled: true, sessionPolicy: "{}" });
  const updated = await fixture.client.send(new UpdateProfileCommand({ profileId, durationSeconds: 900 }));
  expect(updated.profile).toMatchObject({
    name: "web",
    durationSeconds: 900,
    enabled: true,
    sessionPolicy: "{}",
    roleArns: [WEB_ROLE],
  });
});

test("a profile is enabled, disabled and deleted by its id", async () => {
  const profileId = await create();
  expect((await fixture.client.send(new EnableProfileCommand({ profileId }))).profile?.enabled).toBe(true);
  expect((await fixture.client.send(new DisableProfileCommand({ profileId }))).profile?.enabled).toBe(false);
  expect((await fixture.client.send(new DeleteProfileCommand({ profileId }))).profile?.profileId).toBe(profileId);
  expect(await refusal(fixture.client.send(new GetProfileCommand({ profileId })))).toMatchObject({
    name: "ResourceNotFoundException",
    status: 404,
  });
});

test("the 251st profile is refused", { timeout: 120_000 }, async () => {
  for (let i = 0; i < 250; i++) await create();
  expect(await refusal(create())).toMatchObject({
    name: "ValidationException",
    message: "An account can have 250 profiles in a region.",
  });
});

describe("a profile is refused", () => {
  test.each([
    {
      fact: "over twelve hours",
      input: { durationSeconds: 43_201 },
      message:
        "1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200",
    },
    {
      fact: "under fifteen minutes",
      input: { durationSeconds: 899 },
      message:
        "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
    },
    {
      fact: "with something else than a role",
      input: { roleArns: [WEB_ROLE, "arn:aws:iam::111122223333:user/web"] },
      message:
        "1 validation error detected: Value 'arn:aws:iam::111122223333:user/web' at 'roleArns.2.member' failed to satisfy constraint: Member must satisfy regular expression pattern: ^arn:aws(-[^:]+)?:iam(:.*){2}(:role.*)$",
    },
    {
      fact: "with 251 roles",
      input: { roleArns: Array.from({ length: 251 }, () => WEB_ROLE) },
      message:
        "1 validation error detected: Value at 'roleArns' failed to satisfy constraint: Member must have length less than or equal to 250",
    },
  ])("$fact", async ({ input, message }) => {
    const expected = { name: "ValidationException", status: 400, message };
    expect(await refusal(create(input))).toEqual(expected);
    const profileId = await create();
    expect(await refusal(fixture.client.send(new UpdateProfileCommand({ profileId, ...input })))).toEqual(expected);
  });
});
