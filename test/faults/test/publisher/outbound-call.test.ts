import { expect, test } from "vitest";
import { CallCounter } from "../../src/publisher/kill-cases.ts";
import { ApiCallNamer, nameAwsCall, type OutboundCall } from "../../src/publisher/outbound-call.ts";

const base = "/apis/capstan.dev/v1alpha1";
const send = (namer: ApiCallNamer, method: string, target: string, object?: object): OutboundCall =>
  namer.name({
    method,
    target,
    headers: {},
    body: new Uint8Array(object === undefined ? [] : Buffer.from(JSON.stringify(object))),
  });

test.each([
  ["POST", "/api/v1/namespaces/n/secrets", { metadata: { name: "fleet-2" } }, "create secrets 2", false],
  ["GET", "/api/v1/namespaces/n/secrets/fleet-2", undefined, "get secrets 2", true],
  ["PUT", `${base}/namespaces/n/generationmarks/fleet-1`, {}, "update generationmarks 1", false],
  ["PATCH", `${base}/namespaces/n/generationmarks/fleet-1/status`, {}, "patch generationmarks/status 1", false],
  ["PATCH", `${base}/namespaces/n/revocationlists/fleet-1/status`, {}, "patch revocationlists/status 1", true],
  [
    "POST",
    `${base}/namespaces/n/issuedcertificates`,
    { metadata: { name: "u-1" } },
    "create issuedcertificates",
    false,
  ],
  ["PUT", "/apis/coordination.k8s.io/v1/namespaces/n/leases/crl-publisher", {}, "update leases", true],
  ["POST", "/apis/events.k8s.io/v1/namespaces/n/events", {}, "create events", true],
])("%s %s %j is %s", (method, target, object, name, isRoutine) => {
  expect(send(new ApiCallNamer(), method, target, object)).toMatchObject({ name, isRoutine, to: "kubernetes" });
});

test("a-write-of-status-is-called-by-what-it-changes", () => {
  const namer = new ApiCallNamer();
  const write = (status: object): string =>
    send(namer, "PATCH", `${base}/certificateauthorities/fleet/status`, { status }).name;
  const generations = [{ number: 1, phase: "Active" }];
  const removalIntent = { expiresAt: "2026-11-22T12:00:00Z" };
  expect([
    write({ generations: [{ number: 1, phase: "Published" }] }),
    write({ generations }),
    write({ generations, nextRotation: "2026-11-22T12:00:00Z" }),
    write({ generations, removalIntent }),
    write({ generations: [{ number: 1, phase: "Draining" }] }),
  ]).toEqual([
    "patch certificateauthorities/status: phases and flags",
    "patch certificateauthorities/status: phases",
    "patch certificateauthorities/status: report",
    "patch certificateauthorities/status: intent",
    "patch certificateauthorities/status: phases and intent",
  ]);
});

test.each([
  ["POST", "/sessions?profileArn=x", "CreateSession", false],
  ["GET", "/trustanchor/a", "GetTrustAnchor", false],
  ["GET", "/trustanchors?pageSize=100", "ListTrustAnchors", false],
  ["PATCH", "/trustanchor/a", "UpdateTrustAnchor", true],
  ["POST", "/crls", "ImportCrl", true],
  ["PATCH", "/crl/a", "UpdateCrl", true],
  ["POST", "/crl/a/enable", "EnableCrl", true],
  ["DELETE", "/crl/a", "DeleteCrl", true],
  ["PUT", "/elsewhere?x=1", "PUT /elsewhere", true],
])("%s %s is %s", (method, target, operation, isWrite) => {
  const headers = { authorization: "AWS4-HMAC-SHA256 Credential=ASIA/20261122/us-east-1/rolesanywhere/aws4_request" };
  const call = nameAwsCall({ method, target, headers, body: new Uint8Array() });
  expect(call).toMatchObject({ to: "aws", name: `${operation} us-east-1`, isWrite });
});

test("what-counts-is-counted-out-and-what-looks-is-called-by-the-phases", () => {
  let phases = "1 Active";
  const counter = new CallCounter(() => phases);
  const call = (name: string, isRoutine: boolean): OutboundCall =>
    ({ to: "kubernetes", name, isRoutine, isWrite: !isRoutine, object: undefined, resource: "" }) as const;
  const names = [call("create secrets 2", false), call("get secrets 2", true), call("create secrets 2", false)].map(
    counter.nameOf,
  );
  phases = "1 Active, 2 Pending";
  expect([...names, counter.nameOf(call("get secrets 2", true))]).toEqual([
    "create secrets 2 #1",
    "get secrets 2 in 1 Active",
    "create secrets 2 #2",
    "get secrets 2 in 1 Active, 2 Pending",
  ]);
});
