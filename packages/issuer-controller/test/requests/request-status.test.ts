import { describe, expect, test } from "vitest";
import type { CertificateRequest } from "../../src/requests/certificate-request.ts";
import type { Outcome } from "../../src/requests/outcome.ts";
import { lastTold, statusFor } from "../../src/requests/request-status.ts";
import { approved, base64, now, request } from "../support/objects.ts";

const earlier = "2026-11-20T01:02:03Z";
const time = "2026-11-22T03:00:00Z";

const pending: Outcome = { is: "Pending", message: "Waiting" };
const failed: Outcome = { is: "Failed", message: "no" };
const denied: Outcome = { is: "Denied", message: "no" };
const issued: Outcome = {
  is: "Issued",
  message: "Certificate issued",
  certificate: "-----BEGIN CERTIFICATE-----\nleaf\n",
  ca: "-----BEGIN CERTIFICATE-----\nroot\n",
};

function ready(status: "True" | "False", reason: string, message: string): NonNullable<CertificateRequest["status"]> {
  return { conditions: [approved, { type: "Ready", status, reason, message, lastTransitionTime: earlier }] };
}

describe("there is nothing to write when", () => {
  test.each<[fact: string, outcome: Outcome, before: NonNullable<CertificateRequest["status"]>]>([
    ["pending-said-the-same", pending, ready("False", "Pending", "Waiting")],
    ["failed-said-the-same-with-failure-time", failed, { ...ready("False", "Failed", "no"), failureTime: earlier }],
    ["denied-said-the-same-with-failure-time", denied, { ...ready("False", "Denied", "no"), failureTime: earlier }],
  ])("%s", (_fact, outcome, before) => {
    expect(statusFor(request({ status: before }), outcome, now)).toBeUndefined();
  });
});

describe("lastTransitionTime", () => {
  test.each<[fact: string, outcome: Outcome, before: CertificateRequest["status"], expected: string]>([
    ["is-now-without-a-condition-before", pending, {}, time],
    ["stays-when-only-the-message-changes", pending, ready("False", "Pending", "Waiting for another"), earlier],
    ["stays-when-only-the-reason-changes", failed, ready("False", "Pending", "Waiting"), earlier],
    ["moves-from-false-to-true", issued, ready("False", "Pending", "Waiting"), time],
    ["moves-from-true-to-false", failed, ready("True", "Issued", "Certificate issued"), time],
  ])("%s", (_fact, outcome, status, expected) => {
    const update = statusFor(request({ status: status ?? {} }), outcome, now);
    expect(update?.conditions).toMatchObject([{ type: "Ready", lastTransitionTime: expected }]);
  });
});

describe("failureTime", () => {
  test.each<[fact: string, outcome: Outcome, before: NonNullable<CertificateRequest["status"]>, expected: unknown]>([
    ["is-not-there-while-pending", pending, {}, undefined],
    ["is-not-there-when-issued", issued, {}, undefined],
    ["comes-with-failed", failed, {}, time],
    ["comes-with-denied", denied, {}, time],
    [
      "never-moves-when-the-message-changes",
      failed,
      { ...ready("False", "Failed", "old"), failureTime: earlier },
      earlier,
    ],
    ["is-kept-from-others", denied, { failureTime: earlier }, earlier],
    ["is-added-to-a-failure-without-it", failed, ready("False", "Failed", "no"), time],
    ["is-added-to-a-denial-without-it", denied, ready("False", "Denied", "no"), time],
  ])("%s", (_fact, outcome, before, expected) => {
    expect(statusFor(request({ status: before }), outcome, now)?.failureTime).toBe(expected);
  });
});

test("every-outcome-is-one-ready-condition-with-its-reason", () => {
  const conditions = [pending, failed, denied, issued].map((outcome) => statusFor(request(), outcome, now)?.conditions);
  expect(conditions).toEqual([
    [{ type: "Ready", status: "False", reason: "Pending", message: "Waiting", lastTransitionTime: time }],
    [{ type: "Ready", status: "False", reason: "Failed", message: "no", lastTransitionTime: time }],
    [{ type: "Ready", status: "False", reason: "Denied", message: "no", lastTransitionTime: time }],
    [{ type: "Ready", status: "True", reason: "Issued", message: "Certificate issued", lastTransitionTime: time }],
  ]);
});

test("certificate-and-ca-are-base64-of-pem", () => {
  expect(statusFor(request(), issued, now)).toMatchObject({
    certificate: base64("-----BEGIN CERTIFICATE-----\nleaf\n"),
    ca: base64("-----BEGIN CERTIFICATE-----\nroot\n"),
  });
});

test.each([pending, failed, denied])("no-certificate-goes-out-with: $is", (outcome) => {
  expect(Object.keys(statusFor(request(), outcome, now) ?? {})).not.toContain("certificate");
});

test("an-issued-request-is-written-whole-again-so-that-an-apply-drops-nothing", () => {
  const before = { ...ready("True", "Issued", "Certificate issued"), certificate: base64("leaf") };
  expect(statusFor(request({ status: before }), issued, now)).toMatchObject({ certificate: expect.any(String) });
});

test("fractions-of-a-second-are-left-out", () => {
  const update = statusFor(request(), failed, new Date("2026-11-22T03:00:00.999Z"));
  expect(update).toMatchObject({ failureTime: time, conditions: [{ lastTransitionTime: time }] });
});

describe("a long message", () => {
  const long = { is: "Failed", message: "x".repeat(5_000) } as const;

  test("is-cut-to-4096-characters-and-says-so", () => {
    const message = statusFor(request(), long, now)?.conditions[0]?.message ?? "";
    expect(message).toHaveLength(4_096);
    expect(message.endsWith("x…")).toBe(true);
  });

  test("one-of-just-4096-is-whole", () => {
    const outcome = { ...long, message: "x".repeat(4_096) };
    expect(statusFor(request(), outcome, now)?.conditions[0]?.message).toBe(outcome.message);
  });

  test("written-once-it-is-not-written-again", () => {
    const first = statusFor(request(), long, now);
    expect(statusFor(request({ status: first ?? {} }), long, now)).toBeUndefined();
  });
});

describe("a request that can never be signed is invalid in the same write", () => {
  test.each(["RequestRefused", "InvalidDuration", "ErrorParseDuration", "DeniedReference"] as const)("%s", (reason) => {
    expect(statusFor(request(), { is: "Failed", reason, message: "no" }, now)?.conditions).toEqual([
      { type: "Ready", status: "False", reason: "Failed", message: "no", lastTransitionTime: time },
      { type: "InvalidRequest", status: "True", reason, message: "no", lastTransitionTime: time },
    ]);
  });

  test.each(["RecordRefused", "RetryLimitReached"] as const)("not-when-it-failed-for: %s", (reason) => {
    const update = statusFor(request(), { is: "Failed", reason, message: "no" }, now);
    expect(update?.conditions.map(({ type }) => type)).toEqual(["Ready"]);
  });

  test("and-what-another-controller-said-so-of-stays-its-own", () => {
    const invalid = { type: "InvalidRequest", status: "True", reason: "Policy", message: "no" } as const;
    const update = statusFor(request({ status: { conditions: [approved, invalid] } }), failed, now);
    expect(update?.conditions.map(({ type }) => type)).toEqual(["Ready"]);
  });
});

test.each<[fact: string, status: CertificateRequest["status"], told: Outcome["is"] | undefined]>([
  ["nothing", {}, undefined],
  ["pending", ready("False", "Pending", "Waiting"), "Pending"],
  ["issued", ready("True", "Issued", "Certificate issued"), "Issued"],
  ["failed", ready("False", "Failed", "no"), "Failed"],
  ["a-word-that-is-not-ours", ready("False", "Initializing", ""), undefined],
])("the-last-thing-a-request-was-told-is: %s", (_fact, status, told) => {
  expect(lastTold(request({ status }))).toBe(told);
});
