import { describe, expect, test } from "vitest";
import { decideRequest } from "../../src/requests/decide-request.ts";
import { withoutAnsweredParts } from "../../src/requests/without-answered-parts.ts";
import * as kubernetesCsr from "../../src/kubernetes-csr/without-answered-parts.ts";
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
    const kept = withoutAnsweredParts(request({ spec: { request: large }, status: withCa ?? {} }));
    expect(JSON.stringify(kept).length).toBeLessThan(1_500);
  });

  test("a-kubernetes-csr-too", () => {
    const status = { conditions: [{ type: "Approved", status: "True" } as const], certificate: large };
    const kept = kubernetesCsr.withoutAnsweredParts(signingRequest({ spec: { request: large }, status }));
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
    expect(decide(withoutAnsweredParts(whole))).toEqual(decide(whole));
  });

  test.each(["", "bGVhZg=="])("of-a-kubernetes-csr-with-certificate: %j", (certificate) => {
    const whole = signingRequest({ status: { conditions: [{ type: "Approved", status: "True" }], certificate } });
    const decide = (one: typeof whole) =>
      decideSigningRequest({ request: one, issuer: clusterIssuer(), authority: fleet });
    expect(decide(kubernetesCsr.withoutAnsweredParts(whole))).toEqual(decide(whole));
  });

  test("a-waiting-request-keeps-its-csr", () => {
    expect(withoutAnsweredParts(request()).spec.request).toBe(request().spec.request);
  });
});
