import { X509Certificate } from "node:crypto";
import { capstanIssuerResource } from "@capstan/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { requestWithSubject } from "../../../ca-core/test/support/request.ts";
import { signingRequestAnnotations, signingRequestResource } from "../../src/kubernetes-csr/signing-request.ts";
import {
  base64,
  hour,
  type KubernetesRequest,
  type KubernetesRequestChange,
  minute,
  namespacedIssuer,
  newGeneration,
  now,
  signingRequest,
} from "../support/objects.ts";
import { World } from "../support/world.ts";

const generation = await newGeneration();
const approved = { type: "Approved", status: "True", reason: "Test" } as const;
const status = /certificatesigningrequests\/web\/status/;
const namespaced = "capstanissuers.capstan.dev/demo.fleet";
const reference = "system:serviceaccount:demo:app reference capstanissuers.capstan.dev demo/fleet";

let world: World;

beforeEach(async () => {
  world = await World.start(generation);
});

afterEach(() => world[Symbol.asyncDispose]());

/** Stores a request, lets the controller look at it once, and returns what is stored then. */
async function ask(change: KubernetesRequestChange = {}): Promise<KubernetesRequest> {
  world.server.put(signingRequestResource, signingRequest(change));
  world.observe();
  await world.reconcileSigningRequest();
  return stored();
}

const stored = (): KubernetesRequest => world.server.read(signingRequestResource, { name: "web" }) as KubernetesRequest;

function leafOf({ status }: KubernetesRequest): X509Certificate {
  return new X509Certificate(Buffer.from(status?.certificate ?? "", "base64"));
}

const failureOf = ({ status }: KubernetesRequest) => status?.conditions?.find(({ type }) => type === "Failed");

describe("an approved request is issued", () => {
  test("success-clusterissuer", async () => {
    const leaf = leafOf(await ask());
    expect(leaf.subject).toBe("CN=web.demo");
    expect(leaf.verify(new X509Certificate(generation.root.pem).publicKey)).toBe(true);
    expect(world.ledger[0]?.spec).toMatchObject({
      requestKind: "CertificateSigningRequest",
      requestName: "web",
      requestNamespace: "demo",
      issuerKind: "CapstanClusterIssuer",
    });
    expect(world.events).toEqual(["CertificateIssued"]);
  });

  test("success-issuer", async () => {
    world.server.rights.add(reference);
    leafOf(await ask({ spec: { signerName: namespaced } }));
    expect(world.ledger[0]?.spec).toMatchObject({ issuerKind: "CapstanIssuer", issuerName: "fleet" });
  });

  test("in-one-write-that-names-no-condition-of-others", async () => {
    await ask();
    const writes = world.server.calls.filter(({ path }) => status.test(path));
    expect(writes.map(({ body }) => Object.keys(body?.status ?? {}))).toEqual([["certificate"]]);
    expect(stored().status?.conditions).toEqual([approved]);
  });

  test("with-the-leaf-alone-since-its-issuer-is-the-root", async () => {
    const pem = Buffer.from((await ask()).status?.certificate ?? "", "base64").toString();
    expect(pem.match(/BEGIN/g)).toHaveLength(1);
    expect(pem.startsWith("-----BEGIN CERTIFICATE-----\n")).toBe(true);
  });

  test.each<[fact: string, change: KubernetesRequestChange, ms: number]>([
    ["expirationSeconds", { spec: { expirationSeconds: 1_200 } }, 20 * minute],
    [
      "annotation-before-expirationSeconds",
      { metadata: { annotations: { [signingRequestAnnotations.duration]: "1.5h" } } },
      1.5 * hour,
    ],
  ])("for-as-long-as-asked-by: %s", async (_fact, change, ms) => {
    const leaf = leafOf(await ask(change));
    expect(leaf.validToDate.getTime() - leaf.validFromDate.getTime()).toBe(ms);
  });

  test("for-the-issuers-default-when-nothing-is-asked", async () => {
    const { expirationSeconds: _none, ...spec } = signingRequest().spec;
    world.server.put(signingRequestResource, { ...signingRequest(), spec });
    world.observe();
    await world.reconcileSigningRequest();
    const leaf = leafOf(stored());
    expect(leaf.validToDate.getTime() - leaf.validFromDate.getTime()).toBe(24 * hour);
  });

  test("once-however-often-it-is-looked-at", async () => {
    await ask();
    await world.reconcileSigningRequest();
    world.observe();
    await world.reconcileSigningRequest();
    expect([world.signatures, world.ledger.length]).toEqual([1, 1]);
  });
});

describe("a request stays as it is", () => {
  test.each<[fact: string, change: KubernetesRequestChange]>([
    ["ignore-unless-approved", { status: {} }],
    ["approved-is-false", { status: { conditions: [{ ...approved, status: "False" }] } }],
    ["already-denied", { status: { conditions: [approved, { type: "Denied", status: "True" }] } }],
    ["already-failed", { status: { conditions: [approved, { type: "Failed", status: "True" }] } }],
    ["already-issued", { status: { conditions: [approved], certificate: "bGVhZg==" } }],
    ["deleted", { metadata: { deletionTimestamp: now.toISOString() } }],
    ["another-signer", { spec: { signerName: "kubernetes.io/kube-apiserver-client" } }],
    ["invalid-signer-name-format", { spec: { signerName: "capstanclusterissuers.capstan.dev" } }],
    ["unknown-issuer-type-identifier", { spec: { signerName: "fleets.capstan.dev/fleet" } }],
  ])("%s", async (_fact, change) => {
    const before = world.server.put(signingRequestResource, signingRequest(change));
    world.observe();
    await world.reconcileSigningRequest();
    expect(stored()).toEqual(before);
    expect(world.server.calls).toEqual([]);
  });

  test("ignore-certificatesigningrequest-not-found", async () => {
    expect(await world.reconcileSigningRequest()).toEqual({});
    expect(world.server.calls).toEqual([]);
  });
});

describe("a waiting request has no condition and one event", () => {
  test.each<[fact: string, before: () => void]>([
    ["missing-issuer", () => world.server.remove(capstanIssuerResource, { namespace: "demo", name: "fleet" })],
    ["issuer-has-no-ready-condition", () => world.server.put(capstanIssuerResource, namespacedIssuer({ status: {} }))],
    [
      "issuer-ready-outdated",
      () =>
        world.server.put(
          capstanIssuerResource,
          namespacedIssuer({ metadata: { ...namespacedIssuer().metadata, generation: 2 } }),
        ),
    ],
  ])("%s", async (_fact, before) => {
    before();
    const { status } = await ask({ spec: { signerName: namespaced } });
    await world.reconcileSigningRequest();
    expect([status, world.events, world.signatures]).toEqual([{ conditions: [approved] }, ["Pending"], 0]);
  });
});

describe("a request fails with a reason", () => {
  test.each<[fact: string, change: KubernetesRequestChange, reason: string, code: string]>([
    [
      "duration-under-ten-minutes",
      { metadata: { annotations: { [signingRequestAnnotations.duration]: "599s" } } },
      "InvalidDuration",
      "ERR_POLICY_DURATION",
    ],
    [
      "duration-that-is-none",
      { metadata: { annotations: { [signingRequestAnnotations.duration]: "a day" } } },
      "ErrorParseDuration",
      "ERR_DURATION",
    ],
    [
      "name-of-another-namespace",
      { spec: { request: base64(requestWithSubject(["CN", "web.prod"])) } },
      "RequestRefused",
      "ERR_POLICY_NAME",
    ],
    [
      "ca",
      { metadata: { annotations: { [signingRequestAnnotations.isCa]: "true" } } },
      "RequestRefused",
      "ERR_CA_NOT_ALLOWED",
    ],
    ["user-of-no-namespace", { spec: { username: "alice" } }, "RequestRefused", "ERR_POLICY_CLUSTER_REQUEST"],
    [
      "user-who-only-looks-like-an-account",
      { spec: { username: "system:serviceaccount:demo" } },
      "RequestRefused",
      "ERR_POLICY_CLUSTER_REQUEST",
    ],
  ])("%s", async (_fact, change, reason, code) => {
    const failed = failureOf(await ask(change));
    expect(failed).toMatchObject({ status: "True", reason });
    expect(failed?.message).toContain(code);
    expect([world.signatures, world.ledger, world.events]).toEqual([0, [], ["Failed"]]);
  });

  test("ca-is-asked-for-by-true-exactly", async () => {
    const annotations = { [signingRequestAnnotations.isCa]: "True" };
    expect(leafOf(await ask({ metadata: { annotations } })).ca).toBe(false);
  });
});

describe("a namespaced issuer is nobodys without the right to reference it", () => {
  test("without-any-right", async () => {
    expect(failureOf(await ask({ spec: { signerName: namespaced } }))).toMatchObject({ reason: "DeniedReference" });
    expect([world.signatures, world.ledger]).toEqual([0, []]);
  });

  test.each<[fact: string, right: string]>([
    ["of-another-user", reference.replace(":app", ":other")],
    ["to-another-issuer", reference.replace("/fleet", "/other")],
    ["in-another-namespace", reference.replace("demo/fleet", "prod/fleet")],
    ["by-another-verb", reference.replace("reference", "get")],
    ["to-cert-managers-signers", reference.replace("capstanissuers.capstan.dev", "signers.cert-manager.io")],
  ])("with-a-right: %s", async (_fact, right) => {
    world.server.rights.add(right);
    expect(failureOf(await ask({ spec: { signerName: namespaced } }))).toMatchObject({ reason: "DeniedReference" });
  });

  test("is-never-asked-about-with-a-part-of-the-requesters-groups", async () => {
    world.server.rights.add(reference);
    const groups = Array.from({ length: 100_000 }, (_, index) => `team-${index}`);
    const failed = failureOf(await ask({ spec: { signerName: namespaced, groups } }));
    expect(failed).toMatchObject({
      reason: "RequestRefused",
      message: expect.stringContaining("ERR_REQUEST_SIZE") as unknown,
    });
    expect(world.server.calls.filter(({ path }) => path.endsWith("/subjectaccessreviews"))).toEqual([]);
    expect([world.signatures, world.ledger]).toEqual([0, []]);
  });

  test("who-has-it-speaks-for-the-issuers-namespace-alone", async () => {
    const username = "system:serviceaccount:prod:app";
    world.server.rights.add(reference.replace("demo:app", "prod:app"));
    const request = base64(requestWithSubject(["CN", "web.prod"]));
    const failed = failureOf(await ask({ spec: { signerName: namespaced, username, request } }));
    expect(failed?.message).toContain("ERR_POLICY_NAME");
  });

  test("a-review-that-fails-is-no-answer", async () => {
    world.server.next("POST", /subjectaccessreviews/, { refuse: 500, reason: "InternalError" });
    world.server.rights.add(reference);
    const { status } = await ask({ spec: { signerName: namespaced } });
    expect(status).toEqual({ conditions: [approved] });
    await world.reconcileSigningRequest();
    leafOf(stored());
  });
});

describe("of two tries only the recorded leaf is handed out", () => {
  test("the-status-write-failed", async () => {
    world.server.next("PATCH", status, { refuse: 500, reason: "InternalError" });
    await ask();
    expect(stored().status?.certificate).toBeUndefined();
    await world.reconcileSigningRequest();
    expect(leafOf(stored()).toString()).toBe(world.ledger[0]?.spec.certificate);
    expect([world.signatures, world.ledger.length]).toEqual([1, 1]);
  });

  test("a-request-recreated-under-its-name-gets-nothing-of-its-predecessors", async () => {
    world.server.next("PATCH", status, (server) => {
      server.put(signingRequestResource, signingRequest({ metadata: { uid: "0a1b2c3d-0000-4000-8000-000000000008" } }));
    });
    world.server.put(signingRequestResource, signingRequest());
    world.observe();
    await expect(world.reconcileSigningRequest()).rejects.toMatchObject({ code: 409 });
    expect(stored().status?.certificate).toBeUndefined();
  });
});
