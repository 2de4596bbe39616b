import { describe, expect, test } from "vitest";
import { decideRequest } from "../../src/requests/decide-request.ts";
import { keptParts } from "../../src/requests/kept-parts.ts";
import { signingRequestAnnotations } from "../../src/kubernetes-csr/signing-request.ts";
import * as kubernetesCsr from "../../src/kubernetes-csr/kept-parts.ts";
import { decideSigningRequest } from "../../src/kubernetes-csr/decide-signing-request.ts";
import {
  approved,
  authority,
  clusterIssuer,
  denied,
  newGeneration,
  type Request,
  request,
  signingRequest,
} from "../support/objects.ts";

const fleet = authority([await newGeneration()]);
const large = "x".repeat(10_000);
const ready = (status: "True" | "False", reason: string) => ({ type: "Ready", status, reason }) as const;

describe("of an answered request the cache keeps no certificate and no CSR", () => {
  test.each<[fact: string, status: Request["status"]]>([
    ["issued", { conditions: [approved, ready("True", "Issued")], certificate: large }],
    ["with-a-certificate-alone", { conditions: [approved], certificate: large }],
    ["failed", { conditions: [approved, ready("False", "Failed")], failureTime: "2026-11-22T03:00:00Z" }],
    ["denied", { conditions: [denied, ready("False", "Denied")], failureTime: "2026-11-22T03:00:00Z" }],
  ])("%s", (_fact, status) => {
    const withCa: Request["status"] = Object.assign({ ca: large }, status);
    const kept = keptParts(request({ spec: { request: large }, status: withCa ?? {} }));
    expect(JSON.stringify(kept).length).toBeLessThan(1_500);
  });

  test("a-kubernetes-csr-too", () => {
    const status = { conditions: [{ type: "Approved", status: "True" } as const], certificate: large };
    const kept = kubernetesCsr.keptParts(signingRequest({ spec: { request: large }, status }));
    expect(JSON.stringify(kept).length).toBeLessThan(1_500);
  });
});

describe("and what is decided stays the same", () => {
  const statuses: readonly (readonly [fact: string, status: NonNullable<Request["status"]>])[] = [
    ["new", {}],
    ["approved", { conditions: [approved] }],
    ["pending", { conditions: [approved, ready("False", "Pending")] }],
    ["issued", { conditions: [approved, ready("True", "Issued")], certificate: large }],
    ["with-a-certificate-alone", { conditions: [approved], certificate: large }],
    ["with-an-empty-certificate", { conditions: [approved], certificate: "" }],
    ["failed", { conditions: [approved, ready("False", "Failed")], failureTime: "2026-11-22T03:00:00Z" }],
    ["failed-without-failure-time", { conditions: [approved, ready("False", "Failed")] }],
    ["denied-without-failure-time", { conditions: [denied, ready("False", "Denied")] }],
  ];

  test.each(statuses)("%s", (_fact, status) => {
    const whole = request({ status });
    const decide = (one: Request) => decideRequest({ request: one, issuer: clusterIssuer(), authority: fleet });
    expect(decide(keptParts(whole))).toEqual(decide(whole));
  });

  test.each(["", "bGVhZg=="])("of-a-kubernetes-csr-with-certificate: %j", (certificate) => {
    const whole = signingRequest({ status: { conditions: [{ type: "Approved", status: "True" }], certificate } });
    const decide = (one: typeof whole) =>
      decideSigningRequest({ request: one, issuer: clusterIssuer(), authority: fleet });
    expect(decide(kubernetesCsr.keptParts(whole))).toEqual(decide(whole));
  });

  test("a-waiting-request-keeps-its-csr", () => {
    expect(keptParts(request()).spec.request).toBe(request().spec.request);
  });
});

/** A megabyte and more, as whoever creates a request may write it anywhere. */
const huge = "x".repeat(1_200_000);
const many = Array.from({ length: 150_000 }, () => "signing");
const noted = { "cert-manager.io/certificate-name": huge };
const certificate = { apiVersion: "cert-manager.io/v1", kind: "Certificate", name: "web", uid: "uid-web" } as const;

describe("whatever the size of a request, the cache keeps little of it, and nothing is decided on a part", () => {
  const changes: readonly (readonly [fact: string, change: Parameters<typeof request>[0], codes: readonly string[]])[] =
    [
      ["repeated-usages", { spec: { usages: many } }, ["ERR_USAGE_COUNT"]],
      ["a-csr", { spec: { request: huge } }, ["ERR_REQUEST_SIZE"]],
      ["usages-and-a-csr", { spec: { usages: many, request: huge } }, ["ERR_USAGE_COUNT", "ERR_REQUEST_SIZE"]],
      ["long-usages", { spec: { usages: [huge] } }, ["ERR_REQUEST_SIZE"]],
      ["groups", { spec: { groups: many } }, ["ERR_REQUEST_SIZE"]],
      ["extra", { spec: { extra: { [huge]: [huge] } } }, ["ERR_REQUEST_SIZE"]],
      ["a-user-name", { spec: { username: huge } }, ["ERR_REQUEST_SIZE"]],
      ["a-duration-of-5000-characters", { spec: { duration: "1".repeat(5_000) } }, ["ERR_REQUEST_SIZE"]],
      ["a-duration", { spec: { duration: huge } }, ["ERR_REQUEST_SIZE"]],
      ["an-annotation-that-is-read", { metadata: { annotations: noted } }, ["ERR_REQUEST_SIZE"]],
      [
        "the-name-of-its-issuer",
        { spec: { issuerRef: { group: "capstan.dev", kind: "CapstanClusterIssuer", name: huge } } },
        ["ERR_REQUEST_SIZE"],
      ],
    ];

  test.each(changes)("%s", (_fact, change, codes) => {
    const kept = keptParts(request(change));
    expect(JSON.stringify(kept).length).toBeLessThan(1_500);
    const decision = decideRequest({ request: kept, issuer: clusterIssuer(), authority: fleet });
    expect(decision).toEqual({
      do: "refuse",
      violations: codes.map((code) => expect.objectContaining({ code }) as unknown),
    });
  });

  test.each(changes)("once-it-failed-nothing-more-is-said-of: %s", (_fact, change) => {
    const conditions = [approved, { ...ready("False", "Failed"), message: huge }];
    const kept = keptParts(request({ ...change, status: { conditions, failureTime: "2026-11-22T03:00:00Z" } }));
    expect(JSON.stringify(kept).length).toBeLessThan(1_500);
    expect(decideRequest({ request: kept, issuer: clusterIssuer(), authority: fleet }).do).toBe("ignore");
  });

  test.each<[fact: string, change: Parameters<typeof signingRequest>[0], code: string]>([
    ["usages", { spec: { usages: many } }, "ERR_USAGE_COUNT"],
    ["a-csr", { spec: { request: huge } }, "ERR_REQUEST_SIZE"],
    ["groups", { spec: { groups: many } }, "ERR_REQUEST_SIZE"],
    ["extra", { spec: { extra: { scopes: many } } }, "ERR_REQUEST_SIZE"],
    [
      "an-annotation-that-is-read",
      { metadata: { annotations: { [signingRequestAnnotations.duration]: huge } } },
      "ERR_REQUEST_SIZE",
    ],
  ])("a-kubernetes-csrs-%s", (_fact, change, code) => {
    const kept = kubernetesCsr.keptParts(signingRequest(change));
    expect(JSON.stringify(kept).length).toBeLessThan(1_500);
    const decision = decideSigningRequest({ request: kept, issuer: clusterIssuer(), authority: fleet });
    expect(decision).toMatchObject({ do: "refuse", violations: [{ code }] });
  });

  test("what-nobody-reads-is-left-out-and-refuses-nothing", () => {
    const labels = Object.fromEntries(many.slice(0, 10_000).map((value, index) => [`label-${index}`, value]));
    const strangers = many.slice(0, 10_000).map((kind) => ({ ...certificate, kind }));
    const kept = keptParts(
      request({
        metadata: {
          labels,
          annotations: { note: huge },
          ownerReferences: [...strangers, certificate],
          finalizers: [huge],
        },
        status: { conditions: [approved, { ...approved, type: huge, message: huge }] },
      }),
    );
    expect(kept).toEqual(
      request({ metadata: { annotations: {}, ownerReferences: [certificate] }, status: { conditions: [approved] } }),
    );
  });
});

test("a request of the usual size is kept with all that is read of it", () => {
  const whole = request({
    metadata: {
      creationTimestamp: "2026-11-22T03:00:00Z",
      annotations: { "cert-manager.io/certificate-name": "web" },
      ownerReferences: [certificate],
    },
    spec: {
      groups: Array.from({ length: 1_000 }, (_, index) => `cn=team-${index},ou=groups,dc=example`),
      extra: { a: ["b"] },
    },
  });
  expect(keptParts(whole)).toEqual(whole);
  const annotations = { [signingRequestAnnotations.duration]: "1h", [signingRequestAnnotations.isCa]: "true" };
  const kubernetes = signingRequest({ metadata: { annotations }, spec: { extra: { a: ["b"] } } });
  expect(kubernetesCsr.keptParts(kubernetes)).toEqual(kubernetes);
});
