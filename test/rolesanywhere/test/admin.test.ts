import { GetTrustAnchorCommand, ListCrlsCommand } from "@aws-sdk/client-rolesanywhere";
import { X509Certificate } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startEmulator } from "../src/index.ts";
import { ADMIN, type Fixture, refusal, startFixture } from "./fixture.ts";
import { type OpensslCa, OpensslPki } from "./openssl-pki.ts";

const pki = new OpensslPki();
let root: OpensslCa;
let fixture: Fixture;
let admin: string;

beforeAll(() => {
  root = pki.root();
});

afterAll(() => pki.dispose());

beforeEach(async () => {
  fixture = await startFixture({ adminPort: 0 });
  admin = fixture.emulator.adminEndpoint ?? "";
});

afterEach(() => fixture.emulator.stop());

interface Told {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function tell(method: string, path: string, body?: unknown): Promise<Told> {
  const init = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) };
  const response = await fetch(`${admin}${path}`, { method, ...init });
  const text = await response.text();
  return { status: response.status, body: JSON.parse(text === "" ? "{}" : text) as Told["body"] };
}

const list = (): Promise<unknown> => fixture.client.send(new ListCrlsCommand({}));

test("the controls have a port of their own, and the service's port knows nothing of them", async () => {
  expect(new URL(admin).port).not.toBe(new URL(fixture.emulator.endpoint).port);
  expect((await fetch(`${fixture.emulator.endpoint}/faults`)).status).toBe(404);
});

test("without a port for them there are none", async () => {
  const plain = await startEmulator({ accessKeys: [ADMIN] });
  expect(plain.adminEndpoint).toBeUndefined();
  await plain.stop();
});

test("a fault is injected, listed and removed", async () => {
  const rule = { fault: { kind: "throttling", retryAfterSeconds: 3 }, operation: ["ListCrls"], count: 5 };
  const { status, body } = await tell("POST", "/faults", rule);
  expect(status).toBe(200);
  expect(await refusal(list())).toMatchObject({ status: 429 });
  expect(await tell("GET", "/faults")).toEqual({
    status: 200,
    body: { faults: [{ id: body["id"], rule, matched: 1 }] },
  });
  expect(await tell("DELETE", `/faults/${String(body["id"])}`)).toMatchObject({ status: 204 });
  await list();
});

test("all faults are removed at once", async () => {
  await tell("POST", "/faults", { fault: { kind: "server-error", status: 504, effect: "late", lateMs: 5 } });
  await tell("POST", "/faults", { fault: { kind: "date-header" } });
  expect(await tell("DELETE", "/faults")).toMatchObject({ status: 204 });
  expect(fixture.emulator.faults()).toEqual([]);
});

test("a stranger interferes", async () => {
  const arn = await fixture.anchor(root);
  expect(await tell("POST", "/interferences", { kind: "disable", arn })).toMatchObject({ status: 204 });
  const { trustAnchor } = await fixture.client.send(new GetTrustAnchorCommand({ trustAnchorId: arn.split("/")[1] }));
  expect(trustAnchor?.enabled).toBe(false);
});

test("answers to open questions are changed", async () => {
  expect((await tell("PATCH", "/unknowns", { emptyCrl: "accept" })).body).toMatchObject({ emptyCrl: "accept" });
  expect((await tell("GET", "/unknowns")).body).toEqual(fixture.emulator.unknowns());
});

test("the clock is shifted", async () => {
  const before = Date.parse(String((await tell("GET", "/clock")).body["now"]));
  const { body } = await tell("POST", "/clock", { shiftMs: 9 * 86_400_000 });
  const days = (Date.parse(String(body["now"])) - before) / 86_400_000;
  expect(Math.round(days)).toBe(9);
});

test("an outage begins and ends", async () => {
  await tell("PUT", "/availability", { available: false });
  expect(await refusal(list())).toMatchObject({ status: 503 });
  await tell("PUT", "/availability", { available: true });
  await list();
});

test("rights are set and taken back, and what was done with them is told", async () => {
  expect(await tell("PUT", "/policies", { arn: ADMIN.arn, policies: [] })).toMatchObject({ status: 204 });
  expect(await refusal(list())).toMatchObject({ name: "AccessDeniedException" });
  expect(await tell("PUT", "/policies", { arn: ADMIN.arn })).toMatchObject({ status: 204 });
  await list();
  const access = { principal: ADMIN.arn, action: "rolesanywhere:ListCrls", resource: "*", count: 1 };
  expect((await tell("GET", "/accesses")).body).toEqual({
    accesses: [
      { ...access, allowed: false },
      { ...access, allowed: true },
    ],
  });
});

test("what is stored is told, whatever reads show, and no rate is used up", async () => {
  const arn = await fixture.anchor(root);
  const leaf = root.issue({ serial: "0ABC" });
  const crlId = await fixture.crl(arn, root.crl({ revoked: [leaf], extensions: ["2.5.29.20 = ASN1:INTEGER:7"] }));
  fixture.emulator.setUnknowns({ bundleReadBack: "crlf" });
  fixture.clock.freeze();
  const expected = {
    arn,
    name: "prod",
    enabled: true,
    account: "111122223333",
    region: "eu-central-1",
    bundle: root.certificatePem,
    fingerprints: [new X509Certificate(root.certificatePem).fingerprint256.replaceAll(":", "").toLowerCase()],
    crls: [
      {
        arn: `arn:aws:rolesanywhere:eu-central-1:111122223333:crl/${crlId}`,
        name: "fleet",
        enabled: true,
        number: "7",
        serials: ["0abc"],
      },
    ],
  };
  for (let i = 0; i < 3; i++) expect((await tell("GET", "/trust-anchors")).body).toEqual({ trustAnchors: [expected] });
});

test("what is planned has happened once its time has come, also without a request", async () => {
  const arn = await fixture.anchor(root);
  fixture.emulator.interfere({ kind: "disable", arn, afterMs: 60_000 });
  expect(fixture.emulator.trustAnchors()).toMatchObject([{ arn, enabled: true }]);
  fixture.emulator.shiftClock(60_000);
  expect(fixture.emulator.trustAnchors()).toMatchObject([{ arn, enabled: false }]);
});

test("requests are told", async () => {
  await list();
  expect((await tell("GET", "/requests")).body).toMatchObject({ requests: [{ operation: "ListCrls", status: 200 }] });
});

describe("a session is told as CloudTrail would", () => {
  test("with who got it and by which certificate, and without its secrets", async () => {
    const leaf = root.issue({ serial: "4F1C", subject: "/CN=web.demo" });
    const trustAnchorArn = await fixture.anchor(root);
    const { body } = await fixture.session({ leaf, trustAnchorArn });
    const told = await tell("GET", "/session-events");
    expect(told.body).toEqual({
      events: [
        {
          eventSource: "rolesanywhere.amazonaws.com",
          eventName: "CreateSession",
          eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
          awsRegion: "eu-central-1",
          recipientAccountId: "111122223333",
          requestParameters: {
            trustAnchorArn,
            profileArn: fixture.emulator.profileArn("web"),
            roleArn: fixture.emulator.roleArn("web"),
            cert: leaf.certificatePem.replaceAll(/-----[^-]*-----|\n/g, ""),
          },
          responseElements: {
            subjectArn: body.subjectArn,
            credentialSet: [
              {
                assumedRoleUser: {
                  arn: "arn:aws:sts::111122223333:assumed-role/web/4f1c",
                  assumedRoleId: expect.stringMatching(/^AROA.*:4f1c$/),
                },
                credentials: {
                  accessKeyId: body.credentialSet[0].credentials.accessKeyId,
                  expiration: body.credentialSet[0].credentials.expiration,
                },
                roleArn: fixture.emulator.roleArn("web"),
                sourceIdentity: "CN=web.demo",
              },
            ],
          },
        },
      ],
    });
    const { secretAccessKey, sessionToken } = body.credentialSet[0].credentials;
    expect(JSON.stringify(told)).not.toContain(secretAccessKey);
    expect(JSON.stringify(told)).not.toContain(sessionToken);
  });

  test("with the refusal, if it was refused", async () => {
    const trustAnchorArn = await fixture.anchor(root);
    await fixture.session({ leaf: pki.root().issue(), trustAnchorArn });
    expect(fixture.emulator.sessionEvents()).toMatchObject([
      { responseElements: null, errorCode: "AccessDeniedException", errorMessage: "Untrusted signing certificate" },
    ]);
  });

  test("and not at all, if its signature was wrong", async () => {
    const trustAnchorArn = await fixture.anchor(root);
    const leaf = root.issue();
    await fixture.session({ leaf, trustAnchorArn, tamper: { keyPem: root.issue().keyPem } });
    expect(fixture.emulator.sessionEvents()).toEqual([]);
  });
});

describe("what is wrong is told, and nothing changes", () => {
  const fault = { kind: "throttling" };
  const arn = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/00000000-0000-0000-0000-000000000000";

  test.each([
    [
      "a fault of no kind",
      "POST",
      "/faults",
      { fault: { kind: "bad-luck" } },
      /'kind' must be one of latency, throttling/,
    ],
    ["a fault of every object's kind", "POST", "/faults", { fault: { kind: "toString" } }, /'kind' must be one of/],
    ["a fault that is left out", "POST", "/faults", {}, /'fault'.*must not be null/],
    ["a limit that does not exist", "POST", "/faults", { fault, times: 1 }, /the member 'times'/],
    ["a member of another kind", "POST", "/faults", { fault: { ...fault, ms: 1 } }, /the member 'ms'/],
    ["a latency without duration", "POST", "/faults", { fault: { kind: "latency" } }, /'ms'.*must not be null/],
    ["no strike at all", "POST", "/faults", { fault, count: 0 }, /'count'.*greater than or equal to 1/],
    ["an operation that is a number", "POST", "/faults", { fault, operation: 1 }, /'operation' must be a list/],
    [
      "another status than of a server error",
      "POST",
      "/faults",
      { fault: { kind: "server-error", status: 418 } },
      /must be 500, 502, 503 or 504/,
    ],
    [
      "an effect that does not exist",
      "POST",
      "/faults",
      { fault: { kind: "no-answer", effect: "half" } },
      /enum value set: \[none, done, late\]/,
    ],
    [
      "an interference of no kind",
      "POST",
      "/interferences",
      { kind: "burn", arn },
      /'kind' must be one of add-certificate/,
    ],
    ["an interference with nothing", "POST", "/interferences", { kind: "disable" }, /'arn'.*must not be null/],
    ["an interference with nobody's", "POST", "/interferences", { kind: "disable", arn }, /is no trust anchor or CRL/],
    ["a bundle that is left out", "POST", "/interferences", { kind: "replace-bundle", arn }, /'pem'.*must not be null/],
    ["an unknown question", "PATCH", "/unknowns", { life: "42" }, /unknowns\.life: no such question/],
    ["a shift of nothing", "POST", "/clock", {}, /'shiftMs'.*must not be null/],
    ["availability that is a string", "PUT", "/availability", { available: "no" }, /'available' must be true or false/],
    ["rights of nobody", "PUT", "/policies", { arn: "arn:aws:iam::111122223333:role/x" }, /is no user or role/],
    [
      "a policy that is none",
      "PUT",
      "/policies",
      { arn: ADMIN.arn, policies: ["*"] },
      /policies\[0\]: must be an object/,
    ],
    ["no JSON", "POST", "/faults", "{", /is not JSON/],
  ])("%s", async (_fact, method, path, body, message) => {
    const told = await tell(method, path, body);
    expect(told.status).toBe(400);
    expect(told.body["message"]).toMatch(message);
    expect(fixture.emulator.faults()).toEqual([]);
    await list();
  });

  test.each([
    ["GET", "/nothing", 404],
    ["DELETE", "/faults/a/b", 404],
    ["DELETE", "/faults/", 404],
    ["PUT", "/faults", 405],
    ["GET", "/interferences", 405],
  ])("%s %s is answered %i with what there is", async (method, path, status) => {
    const told = await tell(method, path);
    expect(told.status).toBe(status);
    expect(told.body["message"]).toContain("POST /faults");
  });

  test("a port for the controls that is taken starts nothing", async () => {
    const adminPort = Number(new URL(admin).port);
    await expect(startEmulator({ accessKeys: [ADMIN], adminPort })).rejects.toThrow("EADDRINUSE");
  });

  test("nor does a port for the service that is taken, and the controls are closed again", async () => {
    const spare = await startEmulator({ accessKeys: [ADMIN], adminPort: 0 });
    const adminPort = Number(new URL(spare.adminEndpoint ?? "").port);
    await spare.stop();
    const port = Number(new URL(fixture.emulator.endpoint).port);
    await expect(startEmulator({ accessKeys: [ADMIN], adminPort, port })).rejects.toThrow("EADDRINUSE");
    await expect(fetch(`http://127.0.0.1:${adminPort}/faults`)).rejects.toThrow("fetch failed");
  });
});
