import {
  CreateTrustAnchorCommand,
  GetCrlCommand,
  GetTrustAnchorCommand,
  ImportCrlCommand,
  ListCrlsCommand,
  ListTrustAnchorsCommand,
  RolesAnywhereClient,
  UpdateCrlCommand,
  UpdateTrustAnchorCommand,
} from "@aws-sdk/client-rolesanywhere";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Fault, FaultRule } from "../src/index.ts";
import { ADMIN, type Fixture, newClient, ONE_ATTEMPT, refusal, REGION, startFixture } from "./fixture.ts";
import { type OpensslCa, OpensslPki } from "./openssl-pki.ts";
import { signedCall } from "./signed-call.ts";

const pki = new OpensslPki();
let root: OpensslCa;
let next: OpensslCa;
let fixture: Fixture;
let trustAnchorArn: string;
let trustAnchorId: string;

beforeAll(() => {
  root = pki.root();
  next = pki.root();
});

afterAll(() => pki.dispose());

beforeEach(async () => {
  fixture = await startFixture({
    regions: ["us-east-1"],
    accounts: [{ id: "444455556666", regions: ["eu-central-1"] }],
  });
  trustAnchorArn = await fixture.anchor(root);
  trustAnchorId = trustAnchorArn.split("/")[1] ?? "";
});

afterEach(() => fixture.emulator.stop());

const source = (x509CertificateData: string) =>
  ({ sourceType: "CERTIFICATE_BUNDLE", sourceData: { x509CertificateData } }) as const;

const inject = (fault: Fault, rule: Omit<FaultRule, "fault"> = {}): string =>
  fixture.emulator.injectFault({ ...rule, fault });

const list = (): Promise<unknown> => fixture.client.send(new ListCrlsCommand({}));

const update = (bundle: string): Promise<unknown> =>
  fixture.client.send(new UpdateTrustAnchorCommand({ trustAnchorId, source: source(bundle) }));

async function bundle(): Promise<string | undefined> {
  const { trustAnchor } = await fixture.client.send(new GetTrustAnchorCommand({ trustAnchorId }));
  return trustAnchor?.source?.sourceData?.x509CertificateData;
}

const create = (): Promise<unknown> =>
  fixture.client.send(
    new CreateTrustAnchorCommand({ name: "again", enabled: true, source: source(root.certificatePem) }),
  );

async function anchorNames(): Promise<readonly string[]> {
  const { trustAnchors = [] } = await fixture.client.send(new ListTrustAnchorsCommand({}));
  return trustAnchors.map(({ name = "" }) => name);
}

const operations = (): readonly (string | undefined)[] => fixture.emulator.requests().map(({ operation }) => operation);

/** A client that gives up soon. */
function impatient(): RolesAnywhereClient {
  const client = newClient(fixture.emulator, fixture.clock);
  client.middlewareStack.add(
    (following) => async (args) =>
      Promise.race([
        following(args),
        new Promise<never>((_resolve, reject) => {
          setTimeout(() => reject(new Error("given up")), 300).unref();
        }),
      ]),
    { step: "deserialize", priority: "low" },
  );
  return client;
}

describe("an answer is replaced by", () => {
  test.each([
    [{ kind: "throttling" }, { name: "ThrottlingException", status: 429, message: "Rate exceeded" }],
    [{ kind: "server-error" }, { name: "InternalServerException", status: 500 }],
    [
      { kind: "server-error", status: 503 },
      { name: "ServiceUnavailableException", status: 503 },
    ],
    [
      { kind: "access-denied" },
      {
        name: "AccessDeniedException",
        status: 403,
        message: `User: ${ADMIN.arn} is not authorized to perform: rolesanywhere:ListCrls`,
      },
    ],
  ] as const satisfies readonly (readonly [Fault, unknown])[])("%o", async (fault, expected) => {
    inject(fault, { count: 1 });
    expect(await refusal(list())).toMatchObject(expected);
    await list();
  });

  test.each([502, 504] as const)("a load balancer's page %i", async (status) => {
    inject({ kind: "server-error", status });
    const answer = await fetch(`${fixture.emulator.endpoint}/crls`);
    expect(answer.headers.get("content-type")).toBe("text/html");
    expect(answer.headers.get("x-amzn-errortype")).toBeNull();
    await expect(list()).rejects.toThrow("is not valid JSON");
  });

  test("a reset connection", async () => {
    inject({ kind: "connection-reset" }, { count: 1 });
    await expect(list()).rejects.toThrow(/ECONNRESET|socket hang up|aborted/);
    await list();
  });

  test("nothing at all", async () => {
    inject({ kind: "no-answer" });
    await expect(impatient().send(new ListCrlsCommand({}))).rejects.toThrow("given up");
  });

  test("STS's own form of the same error", async () => {
    inject({ kind: "server-error", status: 503 });
    const sts = new STSClient({
      endpoint: fixture.emulator.endpoint,
      region: REGION,
      credentials: { ...ADMIN },
      maxAttempts: ONE_ATTEMPT,
    });
    expect(await refusal(sts.send(new GetCallerIdentityCommand({})))).toMatchObject({
      name: "ServiceUnavailableException",
      status: 503,
    });
  });
});

test.each([
  ["when it is told how long to wait", { kind: "throttling", retryAfterSeconds: 7 }, "7"],
  ["and says nothing when it is not", { kind: "throttling" }, undefined],
] as const)("throttling has Retry-After %s", async (_fact, fault, expected) => {
  inject(fault);
  const answer = await signedCall(fixture.client, { method: "GET", path: "/crls" });
  expect(answer.headers["retry-after"]).toBe(expected);
  expect(answer.error).toBe("ThrottlingException");
});

describe("a write whose answer is lost", () => {
  const both = (): string => root.certificatePem + next.certificatePem;

  const lost = [
    { kind: "server-error", status: 500 },
    { kind: "server-error", status: 504 },
    { kind: "connection-reset" },
    { kind: "no-answer" },
  ] as const satisfies readonly Fault[];

  const attempt = async (): Promise<void> => {
    const command = new UpdateTrustAnchorCommand({ trustAnchorId, source: source(both()) });
    await expect(impatient().send(command)).rejects.toThrow();
    await expect.poll(() => operations(), { timeout: 30_000 }).toContain("UpdateTrustAnchor");
  };

  test.each(lost)("has not happened, unless that is said: %o", async (fault) => {
    inject(fault, { count: 1 });
    await attempt();
    fixture.clock.advance(3_600_000);
    expect(await bundle()).toBe(root.certificatePem);
  });

  test.each(lost)("has happened if its effect is done: %o", async (fault) => {
    inject({ ...fault, effect: "done" }, { count: 1 });
    await attempt();
    expect(await bundle()).toBe(both());
  });

  test.each(lost)("happens later if its effect is late: %o", async (fault) => {
    inject({ ...fault, effect: "late", lateMs: 30_000 }, { count: 1 });
    await attempt();
    expect(await bundle()).toBe(root.certificatePem);
    fixture.clock.advance(30_000);
    expect(await bundle()).toBe(both());
  });

  test("undoes what was written in between, as the last writer", async () => {
    inject({ kind: "no-answer", effect: "late", lateMs: 30_000 }, { count: 1 });
    await attempt();
    await update(next.certificatePem);
    expect(await bundle()).toBe(next.certificatePem);
    fixture.clock.advance(30_000);
    expect(await bundle()).toBe(both());
  });

  test("is refused late as it would have been at once", async () => {
    inject({ kind: "connection-reset", effect: "late", lateMs: 10_000 }, { count: 1 });
    await expect(update("nonsense")).rejects.toThrow();
    fixture.clock.advance(10_000);
    expect(await bundle()).toBe(root.certificatePem);
  });

  test("has no effect when its signature is wrong", async () => {
    inject({ kind: "connection-reset", effect: "done" }, { count: 1 });
    const forger = newClient(fixture.emulator, fixture.clock, { ...ADMIN, secretAccessKey: "guessed" });
    const command = new UpdateTrustAnchorCommand({ trustAnchorId, source: source(both()) });
    await expect(forger.send(command)).rejects.toThrow();
    expect(await bundle()).toBe(root.certificatePem);
  });

  test.each(["done", "late"] as const)(
    "and that is repeated makes two when it was a create whose effect is %s",
    async (effect) => {
      inject({ kind: "connection-reset", effect }, { operation: "CreateTrustAnchor", count: 1 });
      await expect(create()).rejects.toThrow();
      await create();
      fixture.clock.advance(60_000);
      expect(await anchorNames()).toEqual(["prod", "again", "again"]);
    },
  );
});

test("success without effect answers what was asked for and stores nothing", async () => {
  inject({ kind: "no-effect" }, { count: 1 });
  const both = root.certificatePem + next.certificatePem;
  const answer = await fixture.client.send(new UpdateTrustAnchorCommand({ trustAnchorId, source: source(both) }));
  expect(answer.trustAnchor?.source?.sourceData?.x509CertificateData).toBe(both);
  expect(await bundle()).toBe(root.certificatePem);
});

test("a create without effect answers an id that does not exist", async () => {
  inject({ kind: "no-effect" }, { count: 1 });
  const crlData = root.crl({ revoked: [root.issue()] });
  const { crl } = await fixture.client.send(new ImportCrlCommand({ name: "fleet", trustAnchorArn, crlData }));
  expect(await refusal(fixture.client.send(new GetCrlCommand({ crlId: crl?.crlId })))).toMatchObject({
    name: "ResourceNotFoundException",
  });
});

describe("stale reads", () => {
  test("answer so many times what was stored when the fault was injected", async () => {
    inject({ kind: "stale-read" }, { operation: "GetTrustAnchor", count: 2 });
    await update(next.certificatePem);
    expect(await bundle()).toBe(root.certificatePem);
    expect(await bundle()).toBe(root.certificatePem);
    expect(await bundle()).toBe(next.certificatePem);
  });

  test("answer for so long what was stored when the fault was injected", async () => {
    const crlId = await fixture.crl(trustAnchorArn, root.crl({ revoked: [root.issue()] }));
    const crlData = root.crl({ revoked: [root.issue()] });
    inject({ kind: "stale-read" }, { forMs: 10_000 });
    await fixture.client.send(new UpdateCrlCommand({ crlId, crlData }));
    const read = async (): Promise<Uint8Array | undefined> =>
      (await fixture.client.send(new GetCrlCommand({ crlId }))).crl?.crlData;
    expect(await read()).not.toEqual(new Uint8Array(crlData));
    fixture.clock.advance(10_000);
    expect(await read()).toEqual(new Uint8Array(crlData));
  });

  test("do not list what has come since, and do not lose it", async () => {
    inject({ kind: "stale-read" }, { operation: "ListCrls", count: 1 });
    const crlId = await fixture.crl(trustAnchorArn, root.crl({ revoked: [root.issue()] }));
    expect(await list()).toMatchObject({ crls: [] });
    expect(await list()).toMatchObject({ crls: [{ crlId }] });
  });

  test("leave writes alone", async () => {
    inject({ kind: "stale-read" });
    await update(next.certificatePem);
    fixture.emulator.removeFaults();
    expect(await bundle()).toBe(next.certificatePem);
  });

  test("leave sessions alone unless they are named, and then decide them by what was stored", async () => {
    const leaf = next.issue();
    inject({ kind: "stale-read" });
    await update(root.certificatePem + next.certificatePem);
    expect(await fixture.session({ leaf, trustAnchorArn })).toMatchObject({ status: 201 });
    fixture.emulator.removeFaults();
    await update(root.certificatePem);
    inject({ kind: "stale-read" }, { operation: "CreateSession", count: 1 });
    await update(root.certificatePem + next.certificatePem);
    expect(await fixture.session({ leaf, trustAnchorArn })).toMatchObject({ status: 403 });
    expect(await fixture.session({ leaf, trustAnchorArn })).toMatchObject({ status: 201 });
  });
});

describe("latency", () => {
  test("lets a request lie, and it is done all the same when its sender has given up", async () => {
    inject({ kind: "latency", ms: 1000 }, { operation: "UpdateTrustAnchor", count: 1 });
    const command = new UpdateTrustAnchorCommand({ trustAnchorId, source: source(next.certificatePem) });
    await expect(impatient().send(command)).rejects.toThrow("given up");
    await expect.poll(() => operations(), { timeout: 30_000 }).toContain("UpdateTrustAnchor");
    expect(await bundle()).toBe(next.certificatePem);
  });

  test("does not hold up the emulator's stop", async () => {
    const other = await startFixture();
    other.emulator.injectFault({ fault: { kind: "latency", ms: 3_600_000 } });
    const asked = expect(other.client.send(new ListCrlsCommand({}))).rejects.toThrow();
    await expect.poll(() => other.emulator.faults()[0]?.matched, { timeout: 30_000 }).toBe(1);
    await other.emulator.stop();
    await asked;
  });
});

describe("the Date header", () => {
  const dateOf = async (): Promise<string | undefined> =>
    (await signedCall(fixture.client, { method: "GET", path: "/crls" })).headers["date"];

  test("is ahead by as much as is said", async () => {
    inject({ kind: "date-header", skewMs: 86_400_000 }, { count: 1 });
    const skewed = Date.parse((await dateOf()) ?? "");
    const right = Date.parse((await dateOf()) ?? "");
    expect(Math.round((skewed - right) / 60_000)).toBe(1440);
  });

  test("is missing when no skew is said", async () => {
    inject({ kind: "date-header" }, { count: 1 });
    expect(await dateOf()).toBeUndefined();
    expect(await dateOf()).toBeDefined();
  });
});

describe("a rule strikes", () => {
  const throttling = { kind: "throttling" } as const;
  const elsewhere = (): RolesAnywhereClient => {
    const client = new RolesAnywhereClient({
      endpoint: fixture.emulator.endpoint,
      region: "us-east-1",
      credentials: { ...ADMIN },
      maxAttempts: ONE_ATTEMPT,
    });
    client.middlewareStack.add(
      (following) => (args) => {
        fixture.clock.advance(1000);
        client.config.systemClockOffset = fixture.clock.now().getTime() - Date.now();
        return following(args);
      },
      { step: "initialize" },
    );
    return client;
  };

  test("the operations that it names and no other", async () => {
    inject(throttling, { operation: ["UpdateCrl", "ListCrls"] });
    await bundle();
    expect(await refusal(list())).toMatchObject({ status: 429 });
  });

  test("one region and no other", async () => {
    inject(throttling, { region: "us-east-1" });
    await list();
    expect(await refusal(elsewhere().send(new ListCrlsCommand({})))).toMatchObject({ status: 429 });
  });

  test.each([
    ["its own account", "111122223333", 429],
    ["no other account", "444455556666", 0],
  ])("%s", async (_fact, account, status) => {
    inject(throttling, { account });
    expect(await refusal(list())).toMatchObject({ status });
  });

  test("sessions of the account whose trust anchor they name", async () => {
    inject(throttling, { account: "111122223333", operation: "CreateSession", count: 1 });
    expect(await fixture.session({ leaf: root.issue(), trustAnchorArn })).toMatchObject({ status: 429 });
    expect(await fixture.session({ leaf: root.issue(), trustAnchorArn })).toMatchObject({ status: 201 });
  });

  test("one resource and no other, be it named in the path or in the body", async () => {
    const other = await fixture.anchor(next);
    inject(throttling, { resource: trustAnchorId });
    expect(await refusal(update(next.certificatePem))).toMatchObject({ status: 429 });
    const crlData = root.crl({ revoked: [root.issue()] });
    expect(await refusal(fixture.crl(trustAnchorArn, crlData))).toMatchObject({ status: 429 });
    await fixture.crl(other, next.crl({ revoked: [next.issue()] }));
  });

  test("after so many requests have passed, so many times, and is over", async () => {
    inject(throttling, { skip: 2, count: 1 });
    await list();
    await list();
    expect(fixture.emulator.faults()).toMatchObject([{ matched: 2 }]);
    expect(await refusal(list())).toMatchObject({ status: 429 });
    expect(fixture.emulator.faults()).toEqual([]);
    await list();
  });

  test("for so long on the emulator's clock, and is over", async () => {
    inject(throttling, { forMs: 60_000 });
    expect(await refusal(list())).toMatchObject({ status: 429 });
    fixture.emulator.shiftClock(60_000);
    expect(fixture.emulator.faults()).toEqual([]);
  });

  test("until it is removed", async () => {
    const id = inject(throttling);
    inject({ kind: "server-error" });
    expect(await refusal(list())).toMatchObject({ status: 429 });
    fixture.emulator.removeFaults(id);
    expect(await refusal(list())).toMatchObject({ status: 500 });
    fixture.emulator.removeFaults();
    await list();
  });

  test("at its own point of a request, so that several can", async () => {
    inject({ kind: "no-effect" }, { count: 1 });
    inject({ kind: "date-header" }, { count: 1 });
    const body = { source: source(next.certificatePem) };
    const answer = await signedCall(fixture.client, { method: "PATCH", path: `/trustanchor/${trustAnchorId}`, body });
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.headers["date"]).toBeUndefined();
    expect(await bundle()).toBe(root.certificatePem);
  });

  test("nothing that an outage has answered", async () => {
    inject(throttling, { count: 1 });
    fixture.emulator.setAvailable(false);
    expect(await refusal(list())).toMatchObject({ status: 503 });
    fixture.emulator.setAvailable(true);
    expect(await refusal(list())).toMatchObject({ status: 429 });
  });

  test("and the log says so", async () => {
    inject({ kind: "connection-reset" }, { count: 1 });
    await list().catch(() => undefined);
    expect(fixture.emulator.requests().at(-1)).toMatchObject({
      operation: "ListCrls",
      status: 0,
      fault: "connection-reset",
    });
  });
});

test.each([
  ["an operation that does not exist", { operation: "UpdateTrustAnhcor" }, "no operation UpdateTrustAnhcor"],
  ["one of several that does not exist", { operation: ["ListCrls", "listCrls"] }, "no operation listCrls"],
  ["an account that does not exist", { account: "777788889999" }, "no account 777788889999 in any region"],
  ["a region that does not exist", { region: "eu-west-9" }, "no account at all in eu-west-9"],
  [
    "an account in a region that it has not",
    { account: "444455556666", region: "us-east-1" },
    "no account 444455556666 in us-east-1",
  ],
])("a rule for %s is refused, since it could never strike", (_fact, rule, message) => {
  expect(() => inject({ kind: "throttling" }, rule)).toThrow(message);
  expect(fixture.emulator.faults()).toEqual([]);
});

test("the clock is shifted ahead and back, and signatures with it", async () => {
  fixture.emulator.shiftClock(86_400_000);
  expect(await refusal(list())).toMatchObject({ name: "InvalidSignatureException" });
  fixture.emulator.shiftClock(-86_400_000);
  await list();
});
