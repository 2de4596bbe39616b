import { describe, expect, test } from "vitest";
import { rotationPolicyOf } from "../../src/rotation/rotation-policy-of.ts";
import { authority, day, hour, minute } from "../support/objects.ts";

const policyOf = (rotation?: Parameters<typeof rotationPolicyOf>[0]["rotation"]) =>
  rotationPolicyOf({ ...authority().spec, ...(rotation === undefined ? {} : { rotation }) });

test("what-the-spec-leaves-out-is-the-planners-default", () => {
  expect(policyOf()).toEqual({
    maxLeafMs: 7 * day,
    leadMs: 30 * day,
    soakMs: 15 * minute,
    readBacks: 3,
    skewMs: 10 * minute,
    retentionMs: 7 * day,
    publishDeadlineMs: 3 * day,
    readEveryMs: 5 * minute,
    intentMs: 30_000,
  });
});

test("what-the-spec-says-counts", () => {
  expect(policyOf({ leadTime: "2160h", soak: "30m", deadline: "12h", retention: "0s" })).toMatchObject({
    leadMs: 90 * day,
    soakMs: 30 * minute,
    publishDeadlineMs: 12 * hour,
    retentionMs: 0,
  });
});

describe("an anchor is read three times in a soak", () => {
  test.each([
    ["and-never-less-often-than-every-five-minutes", "24h", 5 * minute],
    ["of-ten-minutes", "10m", 200_000],
    ["of-a-minute", "1m", 20_000],
    ["but-never-more-often-than-every-five-seconds", "15s", 5_000],
  ])("%s", (_fact, soak, readEveryMs) => {
    expect(policyOf({ soak }).readEveryMs).toBe(readEveryMs);
  });
});
