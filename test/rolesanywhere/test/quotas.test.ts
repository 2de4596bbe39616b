import {
  ListCrlsCommand,
  ListProfilesCommand,
  ListTagsForResourceCommand,
  ListTrustAnchorsCommand,
  RolesAnywhereClient,
} from "@aws-sdk/client-rolesanywhere";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { ADMIN, REGION, refusal, trustPolicy, WEB_ROLE } from "./fixture.ts";
import { type Emulator, startEmulator } from "../src/index.ts";
import { type Issued, OpensslPki } from "./openssl-pki.ts";
import { callCreateSession } from "./session-client.ts";

const THROTTLED = { name: "ThrottlingException", status: 429, message: "Rate exceeded" };
const pki = new OpensslPki();
let leaf: Issued;
let now: Date;
let emulator: Emulator;
let client: RolesAnywhereClient;

beforeAll(() => {
  leaf = pki.root().issue();
});

afterAll(() => pki.dispose());

beforeEach(async () => {
  // A clock that stands still: only `now` being set lets time pass.
  now = new Date();
  emulator = await startEmulator({
    accessKeys: [ADMIN],
    roles: [{ arn: WEB_ROLE, trustPolicy: trustPolicy() }],
    profiles: [{ name: "web", roleArns: [WEB_ROLE] }],
    now: () => now,
  });
  client = new RolesAnywhereClient({
    endpoint: emulator.endpoint,
    region: REGION,
    credentials: { ...ADMIN },
    maxAttempts: 1,
  });
});

afterEach(() => emulator.stop());

const CALLS = {
  "trust-anchor": () => client.send(new ListTrustAnchorsCommand({})),
  CRL: () => client.send(new ListCrlsCommand({})),
  profile: () => client.send(new ListProfilesCommand({})),
  tagging: () => client.send(new ListTagsForResourceCommand({ resourceArn: emulator.profileArn("web") })),
} as const satisfies Readonly<Record<string, () => Promise<unknown>>>;

const GROUPS = Object.keys(CALLS) as (keyof typeof CALLS)[];

test.each(GROUPS)("%s operations are taken once a second", async (group) => {
  await CALLS[group]();
  expect(await refusal(CALLS[group]())).toEqual(THROTTLED);
  now = new Date(now.getTime() + 999);
  expect(await refusal(CALLS[group]())).toEqual(THROTTLED);
  now = new Date(now.getTime() + 1);
  await CALLS[group]();
  expect(await refusal(CALLS[group]())).toEqual(THROTTLED);
});

test("idle time is not saved up", async () => {
  now = new Date(now.getTime() + 60_000);
  await CALLS.CRL();
  expect(await refusal(CALLS.CRL())).toEqual(THROTTLED);
});

test("each group has a rate of its own", async () => {
  for (const group of GROUPS) await CALLS[group]();
});

test("a clock that is set back takes nothing away", async () => {
  now = new Date(now.getTime() - 30_000);
  await CALLS.CRL();
  expect(await refusal(CALLS.CRL())).toEqual(THROTTLED);
});

test("a call that is not authenticated uses up nothing", async () => {
  const stranger = new RolesAnywhereClient({
    endpoint: emulator.endpoint,
    region: REGION,
    credentials: { ...ADMIN, secretAccessKey: "other" },
    maxAttempts: 1,
  });
  expect(await refusal(stranger.send(new ListCrlsCommand({})))).toMatchObject({ name: "InvalidSignatureException" });
  await CALLS.CRL();
});

test("CreateSession is taken ten times at once and ten times a second, also when it is refused", async () => {
  const ghost = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/ghost";
  const call = async (): Promise<string | undefined> => {
    const { endpoint } = emulator;
    const profileArn = emulator.profileArn("web");
    const result = await callCreateSession({
      endpoint,
      leaf,
      profileArn,
      trustAnchorArn: ghost,
      roleArn: WEB_ROLE,
      signedAt: now,
    });
    return result.error;
  };
  for (let i = 0; i < 10; i++) expect(await call()).toBe("ResourceNotFoundException");
  expect(await call()).toBe("ThrottlingException");
  now = new Date(now.getTime() + 100);
  expect(await call()).toBe("ResourceNotFoundException");
  expect(await call()).toBe("ThrottlingException");
});
