import {
  capstanClusterIssuerResource,
  type CapstanClusterIssuer,
  certificateAuthorityResource,
  type CertificateAuthority,
  issuedCertificateResource,
} from "@capstan/api";
import { requestWithSubject } from "../../ca-core/test/support/request.ts";
import { afterEach, describe, expect, test, vi } from "vitest";
import { certificateRequestResource } from "../src/requests/certificate-request.ts";
import { signingRequestResource } from "../src/kubernetes-csr/signing-request.ts";
import type { ApiServer } from "./support/api-server.ts";
import {
  approved,
  authority,
  base64,
  clusterIssuer,
  keySecret,
  namespaceObject,
  newGeneration,
  ownNamespace,
  request,
  signingRequest,
} from "./support/objects.ts";
import { RunningController } from "./support/running-controller.ts";
import { secretResource } from "./support/world.ts";

// The whole controller with its watches and queues, as main.ts starts it.

const generation = await newGeneration();
const fleet = { name: "fleet" };
const { status: _none, ...unchecked } = clusterIssuer();

let controller: RunningController;

// A stop works off what is ready.
afterEach(() => controller[Symbol.asyncDispose]());

async function start(before: (server: ApiServer) => void = () => {}, workers?: number): Promise<void> {
  controller = await RunningController.start(generation, { before, ...(workers === undefined ? {} : { workers }) });
}

const issuer = (): CapstanClusterIssuer =>
  controller.server.read(capstanClusterIssuerResource, fleet) as CapstanClusterIssuer;
const ledger = (): readonly unknown[] => controller.server.all(issuedCertificateResource);
const eventsOf = (name: string): readonly string[] =>
  controller.server.calls
    .filter(({ method, path }) => method === "POST" && path.endsWith("/events"))
    .map(({ body }) => body as unknown as { readonly reason: string; readonly regarding: { readonly name: string } })
    .filter(({ regarding }) => regarding.name === name)
    .map(({ reason }) => reason);

test("what is signed is counted", async () => {
  await start();
  controller.ask("web-1");
  await controller.until("True Issued");
  const metrics = await controller.metrics.registry.metrics();
  const of = 'capstan_signatures_total{authority="fleet",generation="1"';
  expect(metrics).toContain(`${of},purpose="Leaf",result="Signed"} 1`);
  expect(metrics).toContain(`${of},purpose="Probe",result="Signed"}`);
});

describe("a waiting request goes on", () => {
  test("when-its-issuer-is-created-later", async () => {
    await start((server) => server.remove(capstanClusterIssuerResource, fleet));
    controller.ask("web-1");
    await controller.until("False Pending");
    controller.server.put(capstanClusterIssuerResource, unchecked);
    await controller.until("True Issued");
    await vi.waitUntil(() => eventsOf("web-1").length > 1, { timeout: 30_000 });
    expect(eventsOf("web-1")).toEqual(["Pending", "CertificateIssued"]);
  });

  test("when-its-issuer-turns-ready", async () => {
    await start((server) => server.remove(secretResource, { namespace: ownNamespace, name: "fleet-1" }));
    controller.ask("web-1");
    await controller.until("False Pending");
    await vi.waitUntil(() => issuer().status?.conditions?.[0]?.reason === "KeyUnusable", { timeout: 30_000 });
    controller.server.put(secretResource, keySecret(generation));
    await controller.until("True Issued");
  });

  test("when-its-issuer-is-changed-after-it-failed-for-good", async () => {
    const policy = { ...unchecked.spec.policy, commonName: { allow: ["{nobody}"], required: false } };
    await start((server) =>
      server.put(capstanClusterIssuerResource, { ...unchecked, spec: { ...unchecked.spec, policy } }),
    );
    controller.ask("web-1");
    await controller.until("False Pending");
    await vi.waitUntil(() => issuer().status?.conditions?.[0]?.reason === "InvalidPolicy", { timeout: 30_000 });
    expect(controller.ready()).toBe("False Pending");
    const { metadata, status } = issuer();
    controller.server.put(capstanClusterIssuerResource, {
      ...unchecked,
      metadata: { ...metadata, generation: 2 },
      ...(status === undefined ? {} : { status }),
    });
    await controller.until("True Issued");
  });

  test("when-its-authority-becomes-active", async () => {
    await start((server) => server.put(certificateAuthorityResource, authority([])));
    controller.ask("web-1");
    await controller.until("False Pending");
    controller.server.put<CertificateAuthority>(certificateAuthorityResource, authority([generation]));
    await controller.until("True Issued");
  });

  test("when-it-is-approved", async () => {
    await start();
    controller.ask("web-1", { status: {} });
    controller.ask("web-2");
    await controller.until("True Issued", "web-2");
    expect(controller.ready()).toBe("none");
    controller.server.put(certificateRequestResource, {
      ...request({ metadata: { name: "web-1", uid: "web-1" }, status: { conditions: [approved] } }),
    });
    await controller.until("True Issued");
  });
});

test("normal-error-retriggers-and-permanent-error-does-not", async () => {
  await start();
  controller.server.next("POST", /issuedcertificates/, { refuse: 500, reason: "InternalError" });
  controller.ask("web-1");
  controller.ask("refused", { spec: { request: base64(requestWithSubject(["CN", "web.prod"])) } });
  await controller.until("True Issued");
  await controller.until("False Failed", "refused");
  const writes = controller.server.calls.filter(({ method, path }) => method === "PATCH" && path.includes("/refused/"));
  expect(writes).toHaveLength(1);
});

test("a-kubernetes-csr-is-issued-too", async () => {
  await start();
  controller.server.put(signingRequestResource, signingRequest());
  const stored = () => controller.server.read(signingRequestResource, { name: "web" }) as typeof signed;
  const signed = signingRequest();
  await vi.waitUntil(() => stored().status?.certificate !== undefined, { timeout: 30_000 });
  expect(ledger()).toHaveLength(1);
});

test("an-older-server-that-cannot-select-by-group-is-read-whole", async () => {
  await start((server) => server.next("GET", /\/certificaterequests$/, { refuse: 400, reason: "BadRequest" }));
  controller.ask("foreign", {
    spec: { issuerRef: { group: "cert-manager.io", kind: "ClusterIssuer", name: "fleet" } },
  });
  controller.ask("web-1");
  await controller.until("True Issued");
  expect(controller.ready("foreign")).toBe("none");
  const lists = controller.server.calls.filter(
    ({ method, path, query }) =>
      method === "GET" && path.endsWith("/certificaterequests") && query.get("watch") === null,
  );
  expect(lists.map(({ query }) => query.get("fieldSelector"))).toEqual(["spec.issuerRef.group=capstan.dev", null]);
});

test("its-own-answers-do-not-wake-it: a leaf costs one record and one apply", async () => {
  await start();
  await vi.waitUntil(() => issuer().status?.conditions?.[0]?.message?.includes("signs with") === true, {
    timeout: 30_000,
  });
  const names = Array.from({ length: 20 }, (_, index) => `web-${index}`);
  const before = controller.server.calls.length;
  for (const name of names) controller.ask(name);
  await Promise.all(names.map((name) => controller.until("True Issued", name)));
  const calls = controller.server.calls
    .slice(before)
    .filter(({ path, query }) => !path.includes("/leases") && !path.endsWith("/events") && query.get("watch") === null);
  const count = (method: string, path: RegExp): number =>
    calls.filter((call) => call.method === method && path.test(call.path)).length;
  expect(count("POST", /issuedcertificates$/)).toBe(20);
  expect(count("PATCH", /certificaterequests\/[^/]+\/status$/)).toBe(20);
  expect(count("GET", /certificaterequests/)).toBe(0);
  expect(count("GET", /issuedcertificates/)).toBe(0);
  // Live reads are shared by those that wait for them.
  expect(count("GET", /capstanclusterissuers\/fleet$/)).toBeLessThan(20);
  expect(count("GET", /certificateauthorities\/fleet$/)).toBeLessThan(20);
});

test("a-namespace-with-many-requests-does-not-hold-up-another", async () => {
  const many = Array.from({ length: 60 }, (_, index) => `many-${index}`);
  await start((server) => {
    server.put(
      { ...secretResource, plural: "namespaces", kind: "Namespace", namespaced: false },
      {
        ...namespaceObject(),
        metadata: { name: "other", labels: { aws: "allowed" } },
      },
    );
    for (const name of many) {
      server.put(certificateRequestResource, request({ metadata: { name, uid: name } }));
    }
    const spec = { request: base64(requestWithSubject(["CN", "web.other"])) };
    server.put(
      certificateRequestResource,
      request({ metadata: { name: "few", uid: "few", namespace: "other" }, spec }),
    );
  }, 2);
  const isAnswered = () =>
    controller.server.calls.some(({ method, path }) => method === "PATCH" && path.includes("/namespaces/other/"));
  await vi.waitUntil(isAnswered, { timeout: 30_000, interval: 5 });
  const answers = controller.server.calls.filter(
    ({ method, path }) => method === "PATCH" && path.includes("/certificaterequests/"),
  );
  const place = answers.findIndex(({ path }) => path.includes("/namespaces/other/"));
  expect(place).toBeLessThan(10);
});

test("several-requests-are-in-work-at-once", async () => {
  await start(undefined, 4);
  // While the record of the first is on its way, that of the second goes out.
  let open = 0;
  let most = 0;
  for (let index = 0; index < 8; index += 1) {
    controller.server.next("POST", /issuedcertificates/, () => {
      open += 1;
      most = Math.max(most, open);
    });
  }
  const names = Array.from({ length: 8 }, (_, index) => `web-${index}`);
  for (const name of names) controller.ask(name);
  await Promise.all(names.map((name) => controller.until("True Issued", name)));
  expect(most).toBeGreaterThan(1);
});
