import { describe, expect, test } from "vitest";
import type { RequestCondition } from "../../src/requests/certificate-request.ts";
import { isWorthALook } from "../../src/requests/is-worth-a-look.ts";
import { approved, denied, now, type Request, request } from "../support/objects.ts";

const pending: RequestCondition = { type: "Ready", status: "False", reason: "Pending", message: "Waiting" };

const withConditions = (...conditions: readonly RequestCondition[]): Request => request({ status: { conditions } });

describe("a change is not worth a look", () => {
  test.each<[fact: string, previous: Request, current: Request]>([
    ["ready-added", withConditions(approved), withConditions(approved, pending)],
    [
      "ready-message-changed",
      withConditions(approved, pending),
      withConditions(approved, { ...pending, message: "x" }),
    ],
    [
      "ready-reason-changed-with-failure-time",
      withConditions(approved, pending),
      request({ status: { conditions: [approved, { ...pending, reason: "Failed" }], failureTime: now.toISOString() } }),
    ],
    ["approval-reason-changed", withConditions(approved), withConditions({ ...approved, reason: "policy" })],
    ["conditions-in-another-order", withConditions(approved, pending), withConditions(pending, approved)],
    ["resource-version-alone", request(), request({ metadata: { resourceVersion: "9" } })],
    ["annotation-added", request(), request({ metadata: { annotations: { a: "b" } } })],
  ])("%s", (_fact, previous, current) => {
    expect(isWorthALook({ previous, current })).toBe(false);
  });
});

describe("a change is worth a look", () => {
  const same = request();

  test.each<[fact: string, previous: Request | undefined, current: Request | undefined]>([
    ["new", undefined, same],
    ["gone", same, undefined],
    ["told-again-by-a-resync", same, same],
    ["recreated-under-its-name", same, request({ metadata: { uid: "another" } })],
    ["being-deleted", same, request({ metadata: { deletionTimestamp: now.toISOString() } })],
    ["approved", withConditions(), withConditions(approved)],
    ["approval-changed-status", withConditions({ ...approved, status: "False" }), withConditions(approved)],
    ["denied", withConditions(pending), withConditions(pending, denied)],
    ["approval-removed", withConditions(approved, pending), withConditions(pending)],
    ["ready-removed", withConditions(approved, pending), withConditions(approved)],
    ["certificate-appeared", same, request({ status: { conditions: [approved], certificate: "bGVhZg==" } })],
    [
      "ready-changed-together-with-a-denial",
      withConditions(pending),
      withConditions({ ...pending, message: "x" }, denied),
    ],
  ])("%s", (_fact, previous, current) => {
    expect(isWorthALook({ previous, current })).toBe(true);
  });
});
