import { CreateProfileCommand, ListCrlsCommand, RolesAnywhereClient } from "@aws-sdk/client-rolesanywhere";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { ACCOUNT, ADMIN, type Fixture, refusal, REGION, startFixture } from "./fixture.ts";
import { startEmulator } from "../src/index.ts";
import { OpensslPki } from "./openssl-pki.ts";
import { send } from "./session-client.ts";

const pki = new OpensslPki();
let fixture: Fixture;

beforeEach(async () => {
  fixture = await startFixture();
});

afterEach(() => fixture.emulator.stop());

afterAll(() => pki.dispose());

test("during an outage everything is answered 503, and afterwards nothing is lost", async () => {
  const root = pki.root();
  const trustAnchorArn = await fixture.anchor(root);
  const sts = new STSClient({
    endpoint: fixture.emulator.endpoint,
    region: REGION,
    credentials: { ...ADMIN },
    maxAttempts: 1,
  });
  fixture.emulator.setAvailable(false);
  const outage = { name: "ServiceUnavailableException", status: 503 };
  expect(await refusal(fixture.client.send(new ListCrlsCommand({})))).toMatchObject(outage);
  expect(await refusal(sts.send(new GetCallerIdentityCommand({})))).toMatchObject(outage);
  expect(await fixture.session({ leaf: root.issue(), trustAnchorArn })).toMatchObject({ status: 503 });
  fixture.emulator.setAvailable(true);
  expect(await fixture.session({ leaf: root.issue(), trustAnchorArn })).toMatchObject({ status: 201 });
});

test("an AWS client's own retries get it over an outage", async () => {
  const client = new RolesAnywhereClient({
    endpoint: fixture.emulator.endpoint,
    region: REGION,
    credentials: { ...ADMIN },
    maxAttempts: 3,
  });
  let attempts = 0;
  client.middlewareStack.add(
    (next) => (args) => {
      attempts += 1;
      fixture.emulator.setAvailable(attempts > 1);
      return next(args);
    },
    { step: "finalizeRequest", priority: "low" },
  );
  await expect(client.send(new ListCrlsCommand({}))).resolves.toMatchObject({ crls: [] });
  expect(attempts).toBe(2);
});

test("the log has each request with its operation, status, error, time and place", async () => {
  await fixture.client.send(new ListCrlsCommand({}));
  const first = fixture.clock.now();
  await fixture.client.send(new ListCrlsCommand({ pageSize: 0 })).catch(() => undefined);
  await send(`${fixture.emulator.endpoint}/nowhere`, {}, "");
  const place = { account: ACCOUNT, region: REGION, fault: undefined };
  expect(fixture.emulator.requests()).toEqual([
    { operation: "ListCrls", status: 200, error: undefined, at: expect.any(Date), ...place },
    { operation: "ListCrls", status: 400, error: "ValidationException", at: expect.any(Date), ...place },
    { operation: undefined, status: 404, error: "UnknownOperationException", at: expect.any(Date) },
  ]);
  expect(Number(fixture.emulator.requests()[0]?.at)).toBeLessThanOrEqual(first.getTime());
});

test("the Date header follows the emulator's clock, so that clients can correct theirs", async () => {
  fixture.clock.advance(86_400_000);
  const client = new RolesAnywhereClient({
    endpoint: fixture.emulator.endpoint,
    region: REGION,
    credentials: { ...ADMIN },
    maxAttempts: 1,
  });
  expect(await refusal(client.send(new ListCrlsCommand({})))).toMatchObject({ name: "InvalidSignatureException" });
  await expect(client.send(new ListCrlsCommand({}))).resolves.toMatchObject({ crls: [] });
});

test.each([
  ["GET", "/sessions"],
  ["PUT", "/trustanchors"],
  ["GET", "/trustanchor/"],
  ["GET", "/crl/a/b"],
  ["POST", "/crl/a/enable/"],
] as const)("%s %s is no operation", async (method, path) => {
  const response = await fetch(`${fixture.emulator.endpoint}${path}`, { method });
  expect(response.status).toBe(404);
  expect(response.headers.get("x-amzn-errortype")).toBe("UnknownOperationException");
});

test("headers of forty kilobytes are taken, as a long chain needs them", async () => {
  const response = await fetch(`${fixture.emulator.endpoint}/sessions`, {
    method: "POST",
    headers: { "x-amz-x509-chain": "A".repeat(40_000) },
  });
  expect(response.headers.get("x-amzn-errortype")).toBe("MissingAuthenticationTokenException");
});

test("a body of more than a megabyte ends the connection", async () => {
  const response = fetch(`${fixture.emulator.endpoint}/crls`, { method: "POST", body: "x".repeat(1_048_577) });
  await expect(response).rejects.toThrow("fetch failed");
});

test("a role or profile that does not exist has no ARN", () => {
  expect(() => fixture.emulator.roleArn("ghost")).toThrow("the emulator has no role named ghost");
  expect(() => fixture.emulator.profileArn("ghost")).toThrow("the emulator has no profile named ghost");
});

test("region, account and port are as told", async () => {
  const key = { ...ADMIN, arn: "arn:aws:iam::999999999999:user/admin" };
  const options = { region: "us-east-1", account: "999999999999", accessKeys: [key] };
  const other = await startEmulator({ ...options, profiles: [{ name: "web", roleArns: [] }] });
  try {
    expect(other.profileArn("web")).toMatch(/^arn:aws:rolesanywhere:us-east-1:999999999999:profile\//);
    const client = (region: string): RolesAnywhereClient =>
      new RolesAnywhereClient({ endpoint: other.endpoint, region, credentials: { ...ADMIN }, maxAttempts: 1 });
    await expect(client("us-east-1").send(new ListCrlsCommand({}))).resolves.toMatchObject({ crls: [] });
    expect(await refusal(client(REGION).send(new ListCrlsCommand({})))).toMatchObject({
      name: "InvalidSignatureException",
    });
    const port = Number(new URL(other.endpoint).port);
    await expect(startEmulator({ ...options, port })).rejects.toThrow("EADDRINUSE");
  } finally {
    await other.stop();
  }
});

test.each([
  ["no JSON", "{"],
  ["a list", "[]"],
  ["a number for a name", '{"name":1}'],
])("a body that is %s is refused", async (_fact, body) => {
  fixture.client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { body: unknown; headers: Record<string, string> };
      request.body = body;
      request.headers["content-length"] = String(body.length);
      return next(args);
    },
    { step: "build", priority: "low" },
  );
  const create = fixture.client.send(new CreateProfileCommand({ name: "web", roleArns: [] }));
  expect(await refusal(create)).toMatchObject({ name: "SerializationException", status: 400 });
});

test("after stop the port is free and nothing answers", async () => {
  const other = await startFixture();
  await other.emulator.stop();
  await expect(fetch(other.emulator.endpoint)).rejects.toThrow("fetch failed");
});
