import { X509Certificate } from "node:crypto";
import {
  capstanClusterIssuerResource,
  capstanIssuerResource,
  type CertificateAuthority,
  certificateAuthorityResource,
  type GenerationMark,
  generationMarkResource,
  type IssuedCertificate,
  issuedCertificateResource,
} from "@capstan/api";
import type { ReconcileResult } from "@capstan/kube";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { manyNames, requestWithSan, requestWithSubject } from "../../../ca-core/test/support/request.ts";
import { certificateRequestResource } from "../../src/requests/certificate-request.ts";
import type { ApiServer, Fault } from "../support/api-server.ts";
import {
  after,
  approved,
  authority,
  base64,
  clusterIssuer,
  condition,
  day,
  denied,
  hour,
  keySecret,
  mark,
  minute,
  namespacedIssuer,
  namespaceObject,
  newGeneration,
  now,
  ownNamespace,
  type Request,
  request,
  type RequestChange,
  webhookConfigurations,
} from "../support/objects.ts";
import { mutatingWebhookResource } from "../../src/issuers/webhooks.ts";
import { secretResource, World } from "../support/world.ts";

const generation = await newGeneration();
const namespaceResource = { ...secretResource, plural: "namespaces", kind: "Namespace", namespaced: false };
const records = /issuedcertificates/;
const status = /certificaterequests\/web-1\/status/;

let world: World;

beforeEach(async () => {
  world = await World.start(generation);
});

afterEach(() => world[Symbol.asyncDispose]());

/** Stores another state of the request and lets the controller see it. */
function ask(change: RequestChange): void {
  world.setRequest(change);
  world.observe();
}

const subject = (...attributes: readonly (readonly [type: string, value: string])[]): RequestChange => ({
  spec: { request: base64(requestWithSubject(...attributes)) },
});

const markOf = (): string =>
  (world.server.read(generationMarkResource, { namespace: ownNamespace, name: "fleet-1" }) as GenerationMark).spec
    .notAfter;

describe("an approved request", () => {
  test("is-marked-then-recorded-then-answered-in-one-write", async () => {
    const untouched = markOf();
    expect(await world.reconcile()).toEqual({});

    expect(world.answer).toBe("True Issued + certificate");
    const [entry] = world.ledger;
    expect(entry?.metadata.name).toBe(request().metadata.uid);
    expect(world.leaf.toString()).toBe(entry?.spec.certificate);
    expect(world.leaf.verify(new X509Certificate(generation.root.pem).publicKey)).toBe(true);
    expect(Buffer.from(String((world.request?.status as { ca?: string } | undefined)?.ca), "base64").toString()).toBe(
      generation.root.pem,
    );
    expect(markOf() > untouched).toBe(true);
    expect(Date.parse(markOf())).toBeGreaterThanOrEqual(world.leaf.validToDate.getTime());
    expect(world.server.writes.map((write) => write.replace(/\/apis.*\/(?=[a-z]+\/)/, "…/"))).toMatchInlineSnapshot(`
      [
        "PUT …/generationmarks/fleet-1",
        "POST …/namespaces/capstan-system/issuedcertificates",
        "PATCH …/certificaterequests/web-1/status",
        "POST …/demo/events",
      ]
    `);
  });

  test("keeps-the-conditions-of-others", async () => {
    await world.reconcile();
    expect(world.request?.status?.conditions?.map(({ type }) => type)).toEqual(["Approved", "Ready"]);
  });

  test("is-not-touched-again", async () => {
    await world.reconcile();
    const calls = world.server.calls.length;
    world.observe();
    await world.reconcile();
    expect(world.server.calls).toHaveLength(calls);
  });

  test("is-not-signed-again-by-a-cache-that-lags", async () => {
    await world.reconcile();
    await world.reconcile();
    expect([world.signatures, world.ledger.length]).toEqual([1, 1]);
  });

  test("of-a-namespaced-issuer-is-signed-by-the-issuer-of-its-own-namespace", async () => {
    ask({ spec: { issuerRef: { group: "capstan.dev", name: "fleet" } } });
    await world.reconcile();
    expect(world.ledger[0]?.spec).toMatchObject({ issuerKind: "CapstanIssuer", issuerName: "fleet" });
  });

  test("cannot-use-the-issuer-of-another-namespace", async () => {
    ask({ metadata: { namespace: "elsewhere" }, spec: { issuerRef: { group: "capstan.dev", name: "fleet" } } });
    await world.reconcile("elsewhere/web-1");
    const asked = world.server.read(certificateRequestResource, { namespace: "elsewhere", name: "web-1" });
    expect(asked).toMatchObject({
      status: {
        conditions: [approved, { reason: "Pending", message: "Waiting for CapstanIssuer fleet: it does not exist" }],
      },
    });
  });

  test.each(["1.5h", "90m0s", "5400s"])("may-write-its-duration-as-%s", async (duration) => {
    ask({ spec: { duration } });
    await world.reconcile();
    expect(world.leaf.validToDate.getTime() - world.leaf.validFromDate.getTime()).toBe(1.5 * hour);
  });

  test("without-a-duration-gets-the-issuers-default", async () => {
    world.server.put(
      capstanClusterIssuerResource,
      clusterIssuer({ spec: { ...clusterIssuer().spec, defaultDuration: "2h" } }),
    );
    const { duration: _none, ...spec } = request().spec;
    world.server.put(certificateRequestResource, { ...request(), spec });
    world.observe();
    await world.reconcile();
    expect(world.leaf.validToDate.getTime() - world.leaf.validFromDate.getTime()).toBe(2 * hour);
  });

  test("is-told-when-the-leaf-ends-with-its-root", async () => {
    await world[Symbol.asyncDispose]();
    world = await World.start(await newGeneration(1, 12 * hour));
    await world.reconcile();
    expect(world.message).toBe("Certificate issued. The leaf ends with its root, earlier than asked for");
    expect(world.leaf.validToDate).toEqual(after(12 * hour - 5 * minute));
    expect(markOf()).toBe("2026-11-22T15:00:00Z");
  });

  test("leaves-no-request-body-or-key-in-the-log", async () => {
    await world.reconcile();
    const log = JSON.stringify(world.logLines);
    expect(log).not.toContain("BEGIN");
    expect(log).not.toContain(request().spec.request.slice(40, 80));
  });
});

describe("a request that is not ours to answer stays as it is", () => {
  test.each<[fact: string, change: RequestChange]>([
    ["unapproved", { status: { conditions: [] } }],
    ["empty-group", { spec: { issuerRef: { group: "", kind: "CapstanClusterIssuer", name: "fleet" } } }],
    ["deleted", { metadata: { deletionTimestamp: now.toISOString() } }],
  ])("%s", async (_fact, change) => {
    ask(change);
    await world.reconcile();
    expect([world.server.calls, world.answer]).toEqual([[], "none"]);
  });

  test("gone", async () => {
    expect(await world.reconcile("demo/other")).toEqual({});
    expect(world.server.calls).toEqual([]);
  });
});

describe("a denied request", () => {
  test("fails-with-failure-time-in-one-write-and-without-an-approval", async () => {
    ask({ status: { conditions: [denied] } });
    await world.reconcile();
    expect(world.answer).toBe("False Denied + failureTime");
    expect(world.message).toBe("The CertificateRequest was denied by an approval controller");
    expect(world.ledger).toEqual([]);
    expect(world.server.writes.filter((write) => write.startsWith("PATCH"))).toHaveLength(1);
  });

  test("denied-after-the-cache-saw-it-approved-gets-no-certificate", async () => {
    world.setRequest({ status: { conditions: [denied] } });
    await expect(world.reconcile()).rejects.toMatchObject({ code: 409 });
    expect(world.answer).toBe("none");
    world.observe();
    await world.reconcile();
    expect(world.answer).toBe("False Denied + failureTime");
  });
});

test("a-request-that-another-controller-found-invalid-fails-with-failure-time", async () => {
  const invalid = { type: "InvalidRequest", status: "True", reason: "Policy", message: "not this one" } as const;
  ask({ status: { conditions: [approved, invalid] } });
  await world.reconcile();
  expect([world.answer, world.message]).toEqual([
    "False Failed + failureTime",
    "The CertificateRequest is invalid: not this one",
  ]);
  expect(world.signatures).toBe(0);
});

describe("a request for what may never be fails for good, with nothing signed or recorded", () => {
  test.each<[fact: string, change: RequestChange, codes: readonly string[]]>([
    ["name-of-another-namespace", subject(["CN", "web.prod"]), ["ERR_POLICY_NAME"]],
    ["unit-that-no-rule-names", subject(["OU", "Ops"], ["CN", "web.demo"]), ["ERR_POLICY_NO_RULE"]],
    ["empty-subject", subject(), ["ERR_NAME_EMPTY"]],
    ["duration-over-the-maximum", { spec: { duration: "2160h0m0s" } }, ["ERR_POLICY_DURATION"]],
    ["duration-that-is-none", { spec: { duration: "a day" } }, ["ERR_DURATION"]],
    ["ca", { spec: { isCA: true } }, ["ERR_CA_NOT_ALLOWED"]],
    ["usage-beyond-the-authoritys", { spec: { usages: ["client auth", "code signing"] } }, ["ERR_USAGE_NOT_ALLOWED"]],
    ["no-pem", { spec: { request: base64("hello") } }, ["ERR_PEM_BEGIN"]],
    ["broken-signature", { spec: { request: base64(brokenSignature()) } }, ["ERR_SIGNATURE_INVALID"]],
    [
      "everything-wrong-is-said-at-once",
      { spec: { ...subject(["OU", "Ops"], ["CN", "web.prod"]).spec, duration: "2160h", isCA: true } },
      ["ERR_POLICY_NAME", "ERR_POLICY_NO_RULE", "ERR_POLICY_DURATION", "ERR_CA_NOT_ALLOWED"],
    ],
  ])("%s", async (_fact, change, codes) => {
    ask(change);
    const marked = markOf();
    expect(await world.reconcile()).toEqual({});
    expect(world.answer).toBe("False Failed + failureTime");
    for (const code of codes) expect.soft(world.message).toContain(code);
    expect([world.signatures, world.ledger, markOf(), world.events]).toEqual([0, [], marked, ["Failed"]]);
  });

  test("what-is-too-large-to-be-kept-is-refused-at-once-with-one-clear-error", async () => {
    const usages = Array.from({ length: 150_000 }, () => "signing");
    ask({ spec: { usages } });
    await world.reconcile();
    expect([world.answer, world.message]).toEqual([
      "False Failed + failureTime",
      "spec.usages: 150000 usages, and at most 64 are read; list each usage once (ERR_USAGE_COUNT)",
    ]);
    expect(world.request?.status?.conditions).toContainEqual(
      expect.objectContaining({ type: "InvalidRequest", reason: "RequestRefused" }),
    );
    expect([world.signatures, world.ledger]).toEqual([0, []]);
    expect(world.logLines.find(({ msg }) => msg === "refused a request")).toMatchObject({ codes: ["ERR_USAGE_COUNT"] });
  });

  test("and-the-log-tells-each-code-once", async () => {
    ask({ spec: { usages: Array.from({ length: 64 }, () => "code signing") } });
    await world.reconcile();
    const refused = world.logLines.find(({ msg }) => msg === "refused a request");
    expect(refused).toMatchObject({ codes: ["ERR_USAGE_NOT_ALLOWED"] });
  });

  test("more-names-than-the-ledger-records", async () => {
    const policy = { ...clusterIssuer().spec.policy, dnsNames: { allow: ["*"], required: false } };
    world.server.put(capstanClusterIssuerResource, clusterIssuer({ spec: { ...clusterIssuer().spec, policy } }));
    ask({ spec: { request: base64(requestWithSan(...manyNames(65))) } });
    await world.reconcile();
    expect(world.answer).toBe("False Failed + failureTime");
    expect(world.message).toContain("65 names of kind DNS, and the ledger records at most 64");
    expect(world.signatures).toBe(0);
  });

  test("a-namespace-that-the-authority-does-not-select", async () => {
    world.server.put(
      { ...secretResource, plural: "namespaces", kind: "Namespace", namespaced: false },
      namespaceObject({}),
    );
    world.observe();
    await world.reconcile();
    expect([world.answer, world.signatures]).toEqual(["False Failed + failureTime", 0]);
    expect(world.message).toContain("ERR_POLICY_NAMESPACE");
  });

  test("and-the-log-tells-codes-but-not-the-request", async () => {
    ask(subject(["CN", "web.prod"]));
    await world.reconcile();
    const refused = world.logLines.find(({ msg }) => msg === "refused a request");
    expect(refused).toMatchObject({ namespace: "demo", name: "web-1", codes: ["ERR_POLICY_NAME"] });
    expect(JSON.stringify(world.logLines)).not.toContain("BEGIN");
  });
});

describe("a request for what may heal waits", () => {
  const live = (change: (server: ApiServer) => void): Fault => change;
  const changeIssuer = (server: ApiServer): void => {
    server.put(
      capstanClusterIssuerResource,
      clusterIssuer({ metadata: { ...clusterIssuer().metadata, generation: 2 } }),
    );
  };
  const changeAuthority = (change: Partial<CertificateAuthority>) => (server: ApiServer) => {
    server.put(certificateAuthorityResource, { ...authority([generation]), ...change });
  };
  const { metadata, status: fleetStatus } = authority([generation]);

  test.each<[fact: string, before: (server: ApiServer) => void, message: string]>([
    [
      "issuer-missing",
      (server) => server.remove(capstanClusterIssuerResource, { name: "fleet" }),
      "Waiting for CapstanClusterIssuer fleet: it does not exist",
    ],
    [
      "issuer-not-ready",
      (server) =>
        server.put(
          capstanClusterIssuerResource,
          clusterIssuer({ status: { conditions: [condition({ status: "False" })] } }),
        ),
      "Waiting for CapstanClusterIssuer fleet: Checked: fine",
    ],
    [
      "namespace-not-seen-yet",
      (server) => server.remove({ ...secretResource, plural: "namespaces", namespaced: false }, { name: "demo" }),
      "Waiting: namespace demo has not been seen yet",
    ],
    [
      "key-missing",
      (server) => server.remove(secretResource, { namespace: ownNamespace, name: "fleet-1" }),
      "Waiting: the key of CertificateAuthority fleet, generation 1, is missing",
    ],
    [
      "mark-sealed",
      (server) => server.put(generationMarkResource, mark(now, { sealed: true })),
      "Waiting: mark fleet-1 cannot be raised",
    ],
  ])("%s", async (_fact, before, message) => {
    before(world.server);
    world.observe();
    await world.reconcile();
    expect(world.answer).toBe("False Pending");
    expect(world.message).toContain(message);
    expect([world.signatures, world.ledger]).toEqual([0, []]);
  });

  test("key-is-not-the-one-in-the-trust-anchors", async () => {
    world.server.put(secretResource, keySecret(await newGeneration()));
    await world.reconcile();
    expect(world.answer).toBe("False Pending");
    expect(world.message).toContain("is not the one in its trust anchors");
    expect(world.signatures).toBe(0);
  });

  test("root-has-expired", async () => {
    world.now = after(366 * day);
    await world.reconcile();
    expect([world.answer, world.signatures]).toEqual(["False Pending", 0]);
    expect(world.message).toContain("root: expired");
  });

  test("root-ends-too-soon", async () => {
    world.now = new Date(generation.root.notAfter.getTime() - 14 * minute);
    await world.reconcile();
    expect([world.answer, world.message, world.signatures]).toEqual([
      "False Pending",
      "Waiting: CertificateAuthority fleet, generation 1: too-little-left",
      0,
    ]);
  });

  // What was decided on is read once more between the signature and the record.
  test.each<[fact: string, path: RegExp, change: (server: ApiServer) => void, message: string]>([
    ["issuer-changed-meanwhile", /clusterissuers/, changeIssuer, "CapstanClusterIssuer fleet changed meanwhile"],
    [
      "issuer-deleted-meanwhile",
      /clusterissuers/,
      (server) => server.remove(capstanClusterIssuerResource, { name: "fleet" }),
      "CapstanClusterIssuer fleet changed meanwhile",
    ],
    [
      "issuer-recreated-meanwhile",
      /clusterissuers/,
      (server) =>
        server.put(
          capstanClusterIssuerResource,
          clusterIssuer({ metadata: { name: "fleet", uid: "another", generation: 1 } }),
        ),
      "CapstanClusterIssuer fleet changed meanwhile",
    ],
    [
      "issuer-being-deleted",
      /clusterissuers/,
      (server) =>
        server.put(
          capstanClusterIssuerResource,
          clusterIssuer({ metadata: { ...clusterIssuer().metadata, deletionTimestamp: now.toISOString() } }),
        ),
      "CapstanClusterIssuer fleet changed meanwhile",
    ],
    [
      "authority-changed-meanwhile",
      /certificateauthorities/,
      changeAuthority({ metadata: { ...metadata, generation: 2 } }),
      "CertificateAuthority fleet changed meanwhile",
    ],
    [
      "authority-recreated-meanwhile",
      /certificateauthorities/,
      changeAuthority({ metadata: { ...metadata, uid: "another" } }),
      "CertificateAuthority fleet changed meanwhile",
    ],
    [
      "authority-switched-meanwhile",
      /certificateauthorities/,
      changeAuthority({ status: { ...fleetStatus, activeGeneration: 2 } }),
      "CertificateAuthority fleet has another active generation meanwhile",
    ],
  ])("%s-and-the-signature-is-never-released", async (_fact, path, change, message) => {
    world.server.next("GET", path, live(change));
    await world.reconcile();
    expect([world.answer, world.message]).toEqual(["False Pending", `Waiting: ${message}`]);
    expect([world.signatures, world.ledger]).toEqual([1, []]);
  });

  test("each-time-longer-and-at-most-a-minute", async () => {
    world.server.remove(secretResource, { namespace: ownNamespace, name: "fleet-1" });
    const waits: (number | undefined)[] = [];
    for (let attempt = 0; attempt < 9; attempt += 1) {
      waits.push((await world.reconcile()).requeueAfterMs);
      world.observe();
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1_000));
  });

  test("and-the-waiting-begins-anew-after-a-success", async () => {
    const key = world.server.read(secretResource, { namespace: ownNamespace, name: "fleet-1" }) as ReturnType<
      typeof keySecret
    >;
    world.server.remove(secretResource, { namespace: ownNamespace, name: "fleet-1" });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await world.reconcile();
      world.observe();
    }
    world.server.put(secretResource, key);
    world.observe();
    await world.reconcile();
    expect(world.answer).toBe("True Issued + certificate");
    ask({ metadata: { uid: "0a1b2c3d-0000-4000-8000-000000000002" } });
    world.server.next("GET", /clusterissuers/, live(changeIssuer));
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 1_000 });
  });

  test("with-one-event-however-often-it-is-tried", async () => {
    world.server.remove(secretResource, { namespace: ownNamespace, name: "fleet-1" });
    for (let attempt = 0; attempt < 4; attempt += 1) {
      await world.reconcile();
      world.observe();
    }
    expect(world.events).toEqual(["Pending"]);
    expect(world.server.writes.filter((write) => write.startsWith("PATCH"))).toHaveLength(1);
  });
});

describe("what is told of namespaces and webhooks must be fresh", () => {
  test.each<[silentMs: number, answer: string, signatures: number]>([
    [120_000, "True Issued + certificate", 1],
    [120_001, "False Pending", 0],
    [630_000, "False Pending", 0],
  ])("silent-for-%d-ms", async (silentMs, answer, signatures) => {
    world.namespacesSilentMs = silentMs;
    await world.reconcile();
    expect([world.answer, world.signatures]).toEqual([answer, signatures]);
  });

  test("and-nobody-is-refused-by-labels-that-may-be-old", async () => {
    world.server.put(namespaceResource, namespaceObject({}));
    world.observe();
    world.namespacesSilentMs = 180_000;
    await world.reconcile();
    expect(world.answer).toBe("False Pending");
    expect(world.message).toContain("has not told for two minutes of namespaces and of cert-manager's webhooks");
    world.server.put(namespaceResource, namespaceObject());
    world.observe();
    world.namespacesSilentMs = 0;
    await world.reconcile();
    expect(world.answer).toBe("True Issued + certificate");
  });
});

describe("cert-manager's webhooks attest who asks", () => {
  const [mutating] = webhookConfigurations();

  test("without-them-a-request-waits-and-nothing-is-signed", async () => {
    world.server.remove(mutatingWebhookResource, { name: mutating?.metadata.name ?? "" });
    world.observe();
    await world.reconcile();
    expect([world.answer, world.signatures]).toEqual(["False Pending", 0]);
    expect(world.message).toContain("no MutatingWebhookConfiguration has a webhook webhook.cert-manager.io");
  });

  test("a-namespace-that-is-labelled-to-pass-them-is-refused", async () => {
    const labels = { aws: "allowed", "cert-manager.io/disable-validation": "true" };
    world.server.put(namespaceResource, namespaceObject(labels));
    world.observe();
    await world.reconcile();
    expect([world.answer, world.signatures]).toEqual(["False Failed + failureTime", 0]);
    expect(world.message).toContain("ERR_POLICY_WEBHOOK");
  });
});

describe("conditions in cel", () => {
  const withCondition = (expression: string): void => {
    const validations = [{ expression, message: "not on this day" }];
    world.server.put(capstanClusterIssuerResource, clusterIssuer({ spec: { ...clusterIssuer().spec, validations } }));
    world.observe();
  };

  test("that-hold-let-a-request-pass", async () => {
    withCondition("request.commonName == 'web.demo' && requester.namespace == 'demo'");
    await world.reconcile();
    expect(world.answer).toBe("True Issued + certificate");
  });

  test("that-do-not-hold-refuse-it-with-their-message", async () => {
    withCondition("request.commonName == 'other'");
    await world.reconcile();
    expect([world.answer, world.signatures]).toEqual(["False Failed + failureTime", 0]);
    expect(world.message).toContain("not on this day");
  });
});

describe("what an issuer has released before and refuses now", () => {
  const narrow = (): void => {
    const policy = { commonName: { allow: ["other.{namespace}"], required: true } };
    world.server.put(capstanClusterIssuerResource, clusterIssuer({ spec: { ...clusterIssuer().spec, policy } }));
    world.observe();
  };
  const renew = (change: RequestChange = {}): void => {
    ask({ ...change, metadata: { uid: "0a1b2c3d-0000-4000-8000-000000000002" } });
  };

  beforeEach(async () => {
    await world.reconcile();
    narrow();
  });

  test("waits-with-a-warning-and-fails-when-the-time-is-over", async () => {
    renew();
    const first = await world.reconcile();
    expect([world.answer, first.requeueAfterMs]).toEqual(["False Pending", 5 * minute]);
    expect(world.message).toContain("has released just this before and refuses it now");
    expect(world.message).toContain("ERR_POLICY_NAME");
    expect(world.events.at(-1)).toBe("PolicyRefuses");
    world.observe();
    world.now = after(4 * hour);
    await world.reconcile();
    expect(world.answer).toBe("False Failed + failureTime");
  });

  test("is-issued-when-the-policy-allows-it-again", async () => {
    renew();
    await world.reconcile();
    world.server.put(capstanClusterIssuerResource, clusterIssuer());
    world.observe();
    await world.reconcile();
    expect([world.answer, world.ledger.length]).toEqual(["True Issued + certificate", 2]);
  });

  test.each<[fact: string, change: RequestChange]>([
    ["other-names", subject(["CN", "api.demo"])],
    ["names-that-are-wrong-whatever-the-policy", { spec: { request: base64(brokenSignature()) } }],
    ["another-duration", { spec: { duration: "23h" } }],
    ["other-usages", { spec: { usages: ["client auth"] } }],
    ["a-ca-certificate", { spec: { isCA: true } }],
    ["a-duration-that-is-none", { spec: { duration: "a day" } }],
  ])("but-not: %s", async (_fact, change) => {
    renew(change);
    await world.reconcile();
    expect(world.answer).toBe("False Failed + failureTime");
  });

  test("nor-when-another-issuer-released-it", async () => {
    const policy = { commonName: { allow: ["other.{namespace}"], required: true } };
    world.server.put(capstanIssuerResource, namespacedIssuer({ spec: { ...clusterIssuer().spec, policy } }));
    renew({ spec: { issuerRef: { group: "capstan.dev", name: "fleet" } } });
    await world.reconcile();
    expect(world.answer).toBe("False Failed + failureTime");
  });
});

describe("a quota", () => {
  const ofTwo = { perNamespace: { certificates: 2, per: "1h" } };

  const askFor = async (name: string): Promise<ReconcileResult> => {
    world.setRequest({ metadata: { name, uid: name } });
    world.observe();
    return world.reconcile(`demo/${name}`);
  };
  const reasonOf = (name: string): string | undefined =>
    (world.server.read(certificateRequestResource, { namespace: "demo", name }) as Request).status?.conditions?.find(
      ({ type }) => type === "Ready",
    )?.reason;

  beforeEach(() => {
    const { spec } = clusterIssuer();
    world.server.put(capstanClusterIssuerResource, clusterIssuer({ spec: { ...spec, quota: ofTwo } }));
  });

  test("that-is-used-up-lets-requests-wait-until-there-is-room-again", async () => {
    await askFor("a");
    await askFor("b");
    expect(await askFor("c")).toEqual({ requeueAfterMs: 30 * minute });
    expect([reasonOf("a"), reasonOf("b"), reasonOf("c")]).toEqual(["Issued", "Issued", "Pending"]);
    world.now = after(30 * minute);
    world.monotonic = 30 * minute;
    world.observe();
    await world.reconcile("demo/c");
    expect(reasonOf("c")).toBe("Issued");
  });

  test("is-used-up-for-a-new-leader-too", async () => {
    world.server.now = () => world.now;
    await askFor("a");
    await askFor("b");
    world.restart();
    expect(await askFor("c")).toEqual({ requeueAfterMs: 30 * minute });
    world.server.next("GET", /issuedcertificates$/, { refuse: 503, reason: "ServiceUnavailable" });
    world.restart();
    expect(await askFor("d")).toEqual({ requeueAfterMs: 1_000 });
    world.now = after(90 * minute);
    world.observe();
    world.restart();
    await askFor("e");
    await askFor("f");
    expect(["c", "d", "e", "f"].map(reasonOf)).toEqual(["Pending", "Pending", "Issued", "Issued"]);
  });

  test("is-taken-from-once-however-often-a-request-is-tried", async () => {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      world.server.next("POST", records, { refuse: 500, reason: "InternalError" });
      await askFor("a");
    }
    await askFor("a");
    await askFor("b");
    expect([reasonOf("a"), reasonOf("b")]).toEqual(["Issued", "Issued"]);
  });

  test("is-not-taken-from-by-what-is-refused", async () => {
    world.setRequest({ metadata: { name: "no", uid: "no" }, ...subject(["CN", "web.prod"]) });
    world.observe();
    await world.reconcile("demo/no");
    await askFor("a");
    await askFor("b");
    expect([reasonOf("no"), reasonOf("a"), reasonOf("b")]).toEqual(["Failed", "Issued", "Issued"]);
  });
});

describe("of two tries for one request only the recorded leaf is handed out", () => {
  const recordedLeaf = (): string => world.ledger[0]?.spec.certificate ?? "";

  test("cut-off-between-record-and-status", async () => {
    world.server.next("PATCH", status, "lose the request");
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 1_000 });
    expect([world.ledger.length, world.answer]).toEqual([1, "none"]);
    const recorded = recordedLeaf();
    await world.reconcile();
    expect(world.leaf.toString()).toBe(recorded);
    expect([world.ledger.length, world.answer]).toEqual([1, "True Issued + certificate"]);
  });

  test("the-records-answer-was-lost", async () => {
    world.server.next("POST", records, "lose the answer");
    await world.reconcile();
    expect([world.ledger.length, world.answer]).toEqual([1, "True Issued + certificate"]);
    expect(world.leaf.toString()).toBe(recordedLeaf());
  });

  test("the-record-never-arrived", async () => {
    world.server.next("POST", records, "lose the request");
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 1_000 });
    expect([world.ledger, world.answer]).toEqual([[], "False Pending"]);
    expect(world.message).toMatch(/^Waiting: the API server did not do its part: /);
    world.observe();
    await world.reconcile();
    expect([world.ledger.length, world.answer]).toEqual([1, "True Issued + certificate"]);
  });

  test("the-status-was-written-but-its-answer-lost", async () => {
    world.server.next("PATCH", status, "lose the answer");
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 1_000 });
    expect(world.answer).toBe("True Issued + certificate");
    await expect(world.reconcile()).rejects.toMatchObject({ code: 409 });
    world.observe();
    await world.reconcile();
    expect([world.ledger.length, world.signatures]).toEqual([1, 1]);
  });

  test("another-replica-recorded-first", async () => {
    world.server.next("POST", records, (server) => {
      const body = server.calls.at(-1)?.body as unknown as IssuedCertificate;
      server.put(issuedCertificateResource, { ...body, spec: { ...body.spec, certificate: generation.root.pem } });
    });
    await world.reconcile();
    expect(world.leaf.toString()).toBe(generation.root.pem);
    expect(world.ledger).toHaveLength(1);
  });

  test("the-ledger-refuses-and-nothing-leaves", async () => {
    world.server.next("POST", records, { refuse: 403, reason: "Forbidden" });
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 1_000 });
    expect([world.ledger, world.answer]).toEqual([[], "False Pending"]);
  });

  test("the-ledger-refuses-the-record-itself-and-nothing-is-signed-twice", async () => {
    const invalid = { refuse: 422, reason: "Invalid" } as const;
    world.server.next("POST", records, invalid);
    expect(await world.reconcile()).toEqual({});
    expect([world.ledger, world.answer, world.signatures]).toEqual([[], "False Failed + failureTime", 1]);
    expect(world.message).toMatch(
      /^the API server refuses the ledger record of this request, so its certificate is handed to nobody: /,
    );
    expect(world.logLines).toContainEqual(
      expect.objectContaining({ level: "error", msg: "the API server refuses a ledger record" }),
    );
    world.observe();
    await world.reconcile();
    expect(world.signatures).toBe(1);
  });
});

describe("a record that may not be handed out fails the request", () => {
  test.each<[fact: string, change: (record: IssuedCertificate) => IssuedCertificate, message: string]>([
    [
      "of-another-request",
      (record) => ({ ...record, spec: { ...record.spec, requestHash: "f".repeat(64) } }),
      "was made for another request",
    ],
    [
      "revoked",
      (record) => ({
        ...record,
        status: { revoked: { at: now.toISOString(), reason: "superseded", revocation: "demo/x" } },
      }),
      "was revoked; ask anew",
    ],
    [
      "expired",
      (record) => ({ ...record, spec: { ...record.spec, notAfter: after(-1_000).toISOString() } }),
      "has expired; ask anew",
    ],
    [
      "of-a-retired-generation",
      (record) => ({ ...record, spec: { ...record.spec, generation: 9 } }),
      "no longer trusted; ask anew",
    ],
  ])("%s", async (_fact, change, message) => {
    world.server.next("PATCH", status, "lose the request");
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 1_000 });
    const [record] = world.ledger;
    if (record === undefined) throw new Error("nothing was recorded");
    world.server.put(issuedCertificateResource, change(record));
    await world.reconcile();
    expect(world.answer).toBe("False Failed + failureTime");
    expect(world.message).toContain(message);
  });

  test("but-one-of-the-generation-before-comes-with-its-own-root", async () => {
    world.server.next("PATCH", status, "lose the request");
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 1_000 });
    const next = await newGeneration(2);
    world.server.put(secretResource, keySecret(next));
    world.server.put(generationMarkResource, mark(now, undefined, 2));
    world.server.put(certificateAuthorityResource, authority([generation, next]));
    world.observe();
    await world.reconcile();
    const ca = Buffer.from(String((world.request?.status as { ca?: string } | undefined)?.ca), "base64").toString();
    expect(world.leaf.verify(new X509Certificate(ca).publicKey)).toBe(true);
    expect(ca).toBe(generation.root.pem);
  });
});

describe("a request recreated under the same name", () => {
  const recreate = (server: ApiServer): void => {
    server.put(certificateRequestResource, request({ metadata: { uid: "0a1b2c3d-0000-4000-8000-000000000009" } }));
  };

  test("before-the-record-gets-nothing-of-its-predecessors", async () => {
    world.server.next("POST", records, recreate);
    await expect(world.reconcile()).rejects.toMatchObject({ code: 409 });
    expect(world.answer).toBe("none");
  });

  test("before-the-answer-gets-nothing-of-its-predecessors", async () => {
    world.server.next("PATCH", status, recreate);
    await expect(world.reconcile()).rejects.toMatchObject({ code: 409 });
    expect(world.answer).toBe("none");
    world.observe();
    await world.reconcile();
    expect(world.ledger).toHaveLength(2);
    const own = world.ledger.find(({ metadata }) => metadata.name === world.request?.metadata.uid);
    expect(world.leaf.toString()).toBe(own?.spec.certificate);
  });

  test("deleted-before-the-answer-nobody-waits-for-it", async () => {
    world.server.next("PATCH", status, (server) => {
      server.remove(certificateRequestResource, { namespace: "demo", name: "web-1" });
    });
    expect(await world.reconcile()).toEqual({});
    expect(world.events).toEqual([]);
  });
});

function brokenSignature(): string {
  return requestWithSan([0x82, "web.demo.svc"]).replace(
    /(.{6})(.)(.*\n-----END)/,
    (_all, head: string, one: string, tail: string) => `${head}${one === "A" ? "B" : "A"}${tail}`,
  );
}
