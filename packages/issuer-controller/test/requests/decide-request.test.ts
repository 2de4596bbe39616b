import { describe, expect, test } from "vitest";
import type { CertificateRequest } from "../../src/requests/certificate-request.ts";
import { decideRequest } from "../../src/requests/decide-request.ts";
import type { RequestDecision } from "../../src/requests/request-decision.ts";
import {
  approved,
  authority,
  clusterIssuer,
  condition,
  denied,
  namespacedIssuer,
  newGeneration,
  now,
  request,
  type RequestChange,
} from "../support/objects.ts";

const generation = await newGeneration();
const fleet = authority([generation]);
const issuer = clusterIssuer();
const failureTime = now.toISOString();

type Input = Parameters<typeof decideRequest>[0];

function decision(change: RequestChange, input: Partial<Input> = {}): RequestDecision {
  return decideRequest({ request: request(change), issuer, authority: fleet, ...input });
}

function ready(reason: string, status: "True" | "False" = "False"): NonNullable<CertificateRequest["status"]> {
  return { conditions: [approved, { type: "Ready", status, reason }] };
}

describe("a request is left alone", () => {
  test.each<[fact: string, change: RequestChange, why: string]>([
    ["deleted", { metadata: { deletionTimestamp: failureTime } }, "it is being deleted"],
    [
      "deleted-though-denied",
      { metadata: { deletionTimestamp: failureTime }, status: { conditions: [denied] } },
      "it is being deleted",
    ],
    [
      "issuer-ref-unknown-group",
      { spec: { issuerRef: { group: "cert-manager.io", name: "fleet" } } },
      "its issuer is not one of ours",
    ],
    [
      "issuer-ref-empty-group",
      { spec: { issuerRef: { group: "", kind: "CapstanClusterIssuer", name: "fleet" } } },
      "its issuer is not one of ours",
    ],
    [
      "issuer-ref-unknown-kind",
      { spec: { issuerRef: { group: "capstan.dev", kind: "Issuer", name: "fleet" } } },
      "its issuer is not one of ours",
    ],
    [
      "denied-but-of-another-issuer",
      { spec: { issuerRef: { group: "cert-manager.io", name: "fleet" } }, status: { conditions: [denied] } },
      "its issuer is not one of ours",
    ],
    [
      "already-denied",
      { status: { conditions: [denied, { type: "Ready", status: "False", reason: "Denied" }], failureTime } },
      "it was denied",
    ],
    ["neither-approved-nor-denied", { status: {} }, "it is not approved"],
    ["approved-is-false", { status: { conditions: [{ ...approved, status: "False" }] } }, "it is not approved"],
    ["ready-but-not-approved", { status: { conditions: [{ type: "Ready", status: "True" }] } }, "it is not approved"],
    ["already-ready", { status: ready("Issued", "True") }, "it is issued"],
    [
      "has-a-certificate-and-no-condition",
      { status: { conditions: [approved], certificate: "bGVhZg==" } },
      "it is issued",
    ],
    ["has-a-certificate-while-pending", { status: { ...ready("Pending"), certificate: "bGVhZg==" } }, "it is issued"],
    ["already-failed", { status: { ...ready("Failed"), failureTime } }, "it has failed"],
    ["already-failed-without-failure-time", { status: ready("Failed") }, "it has failed"],
    ["ready-reason-denied-though-approved", { status: ready("Denied") }, "it has failed"],
  ])("%s", (_fact, change, why) => {
    expect(decision(change)).toEqual({ do: "ignore", why });
  });
});

describe("a denial is answered", () => {
  test.each<[fact: string, status: NonNullable<CertificateRequest["status"]>]>([
    ["denied-and-never-approved", { conditions: [denied] }],
    ["denied-while-pending", { conditions: [denied, { type: "Ready", status: "False", reason: "Pending" }] }],
    [
      "denied-and-said-so-without-failure-time",
      { conditions: [denied, { type: "Ready", status: "False", reason: "Denied" }] },
    ],
    ["denied-with-failure-time-but-without-ready", { conditions: [denied], failureTime }],
    ["denied-and-approved", { conditions: [approved, denied] }],
  ])("%s", (_fact, status) => {
    expect(decision({ status })).toEqual({ do: "deny" });
  });

  test("also-when-the-issuer-does-not-exist", () => {
    expect(decision({ status: { conditions: [denied] } }, { issuer: undefined })).toEqual({ do: "deny" });
  });
});

describe("what another controller found invalid is failed and never signed", () => {
  const invalid = { type: "InvalidRequest", status: "True", reason: "NotAllowed", message: "not this one" } as const;

  test.each<[fact: string, status: NonNullable<CertificateRequest["status"]>]>([
    ["invalid-and-approved", { conditions: [approved, invalid] }],
    ["invalid-and-not-approved", { conditions: [invalid] }],
    ["invalid-while-pending", { conditions: [invalid, { type: "Ready", status: "False", reason: "Pending" }] }],
    [
      "invalid-and-failed-without-failure-time",
      { conditions: [invalid, { type: "Ready", status: "False", reason: "Failed" }] },
    ],
  ])("%s", (_fact, status) => {
    expect(decision({ status })).toEqual({ do: "fail", message: "The CertificateRequest is invalid: not this one" });
  });

  test("invalid-and-failed-is-left-alone", () => {
    const status = {
      conditions: [invalid, { type: "Ready", status: "False", reason: "Failed" } as const],
      failureTime,
    };
    expect(decision({ status })).toEqual({ do: "ignore", why: "it is invalid" });
  });

  test("invalid-after-it-was-issued-is-left-alone", () => {
    const status = { conditions: [approved, invalid, { type: "Ready", status: "True", reason: "Issued" } as const] };
    expect(decision({ status })).toEqual({ do: "ignore", why: "it is issued" });
  });

  test("denied-comes-before-invalid", () => {
    expect(decision({ status: { conditions: [denied, invalid] } })).toEqual({ do: "deny" });
  });

  test("invalid-false-is-no-obstacle", () => {
    expect(decision({ status: { conditions: [approved, { ...invalid, status: "False" }] } }).do).toBe("sign");
  });
});

describe("a request waits", () => {
  test.each<[fact: string, input: Partial<Input>, message: string]>([
    ["missing-issuer", { issuer: undefined }, "Waiting for CapstanClusterIssuer fleet: it does not exist"],
    [
      "issuer-has-no-ready-condition",
      { issuer: clusterIssuer({ status: {} }) },
      "Waiting for CapstanClusterIssuer fleet: it has not been checked yet",
    ],
    [
      "issuer-ready-outdated",
      { issuer: clusterIssuer({ metadata: { ...issuer.metadata, generation: 2 } }) },
      "Waiting for CapstanClusterIssuer fleet: its last change has not been checked yet",
    ],
    [
      "issuer-is-not-ready",
      {
        issuer: clusterIssuer({
          status: { conditions: [condition({ status: "False", reason: "InvalidPolicy", message: "bad" })] },
        }),
      },
      "Waiting for CapstanClusterIssuer fleet: InvalidPolicy: bad",
    ],
    [
      "issuer-readiness-is-unknown",
      { issuer: clusterIssuer({ status: { conditions: [condition({ status: "Unknown", reason: "Checking" })] } }) },
      "Waiting for CapstanClusterIssuer fleet: Checking: fine",
    ],
    [
      "outdated-comes-before-not-ready",
      {
        issuer: clusterIssuer({
          metadata: { ...issuer.metadata, generation: 2 },
          status: { conditions: [condition({ status: "False" })] },
        }),
      },
      "Waiting for CapstanClusterIssuer fleet: its last change has not been checked yet",
    ],
    [
      "issuer-is-being-deleted",
      { issuer: clusterIssuer({ metadata: { ...issuer.metadata, deletionTimestamp: failureTime } }) },
      "Waiting for CapstanClusterIssuer fleet: it is being deleted",
    ],
    [
      "authority-missing",
      { authority: undefined },
      "Waiting for CertificateAuthority fleet: it has no active generation",
    ],
    [
      "authority-without-active-generation",
      { authority: authority([]) },
      "Waiting for CertificateAuthority fleet: it has no active generation",
    ],
  ])("%s", (_fact, input, message) => {
    expect(decision({}, input)).toEqual({ do: "wait", message });
  });

  test("the-kind-left-out-is-named-in-full", () => {
    const issuerRef = { group: "capstan.dev", name: "own" };
    const message = "Waiting for CapstanIssuer own: it does not exist";
    expect(decision({ spec: { issuerRef } }, { issuer: undefined })).toEqual({ do: "wait", message });
    const empty = { ...issuerRef, kind: "" };
    expect(decision({ spec: { issuerRef: empty } }, { issuer: undefined })).toEqual({ do: "wait", message });
  });
});

describe("a request is signed", () => {
  test.each<[fact: string, change: RequestChange]>([
    ["approved", {}],
    ["approved-and-pending", { status: ready("Pending") }],
    ["approved-with-an-empty-certificate", { status: { conditions: [approved], certificate: "" } }],
  ])("%s", (_fact, change) => {
    expect(decision(change)).toEqual({ do: "sign", issuer, authority: fleet });
  });

  test("by-a-namespaced-issuer", () => {
    const own = namespacedIssuer();
    expect(decision({ spec: { issuerRef: { group: "capstan.dev", name: "fleet" } } }, { issuer: own })).toEqual({
      do: "sign",
      issuer: own,
      authority: fleet,
    });
  });
});
