import { expect, test } from "vitest";
import type { ApiCall } from "../src/api-call.ts";
import { formatCall, listFailpoints, type Scenario } from "../src/failpoint.ts";

const call = (name: string, group: ApiCall["group"] = "issue"): ApiCall => ({ name, group });
const list = (scenario: Scenario, ...calls: readonly ApiCall[]): readonly string[] =>
  listFailpoints(scenario, calls).map((point) => `${point.moment} ${formatCall(point)}`);

test("each-call-of-the-issue-path-is-a-failpoint-before-and-after-each-time-it-is-made", () => {
  expect(list("waiting", call("get secrets"), call("get generationmarks"), call("get secrets"))).toEqual([
    "before waiting: get secrets #1",
    "after waiting: get secrets #1",
    "before waiting: get generationmarks #1",
    "after waiting: get generationmarks #1",
    "before waiting: get secrets #2",
    "after waiting: get secrets #2",
  ]);
});

test.each(["create issuedcertificates", "update generationmarks", "patch certificaterequests/status"])(
  "%s-of-a-leader-may-come-late-too",
  (name) => {
    expect(list("leading", call(name))).toEqual([
      `before leading: ${name} #1`,
      `after leading: ${name} #1`,
      `late leading: ${name} #1`,
    ]);
    expect(list("waiting", call(name))).toHaveLength(2);
  },
);

test("a-read-does-not-come-late", () => {
  expect(list("leading", call("get generationmarks"))).toHaveLength(2);
});

test("of-lists-and-watches-the-first-counts-and-of-renewals-one", () => {
  const lease = call("update leases", "lease");
  const watch = call("watch namespaces", "cache");
  expect(list("waiting", watch, lease, lease, watch, lease).filter((name) => name.startsWith("before"))).toEqual([
    "before waiting: update leases #1",
    "before waiting: update leases #2",
    "before waiting: watch namespaces #1",
  ]);
});

test("a-leader-s-caches-and-lease-are-no-failpoints-of-a-request", () => {
  expect(list("leading", call("watch namespaces", "cache"), call("update leases", "lease"))).toEqual([]);
});

test("the-issue-path-comes-first", () => {
  const calls = [call("list namespaces", "cache"), call("get leases", "lease"), call("get secrets")];
  expect(listFailpoints("waiting", calls).map(({ group }) => group)).toEqual([
    "issue",
    "issue",
    "lease",
    "lease",
    "cache",
    "cache",
  ]);
});
