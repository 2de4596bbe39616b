import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createLogger, EventRecorder, type ReconcileResult } from "@capstan/kube";
import { ObjectStore } from "../../../kube/src/object-store.ts";
import { parseApprover, signerNamesOf } from "../../src/approval/approve-right.ts";
import { decideApproval } from "../../src/approval/decide-approval.ts";
import { explainUnapproved } from "../../src/approval/explain-unapproved.ts";
import { approvalReconciler } from "../../src/approval/reconcile-approval.ts";
import { after, approved, denied, minute, now, type Request, request, type RequestChange } from "../support/objects.ts";
import { type ReviewServer, startReviewServer } from "./review-server.ts";

const created = now.toISOString();

/** Created at `now`, and nobody has decided about it. */
function unapproved({ metadata, spec, status }: RequestChange = {}): Request {
  return request({ metadata: { creationTimestamp: created, ...metadata }, spec: spec ?? {}, status: status ?? {} });
}

describe("a request without an approval", () => {
  test.each([
    { name: "new", change: {}, ageMs: 0, wanted: { do: "wait", ms: minute } },
    { name: "almost-a-minute-old", change: {}, ageMs: minute - 1, wanted: { do: "wait", ms: 1 } },
    { name: "a-minute-old", change: {}, ageMs: minute, wanted: { do: "explain" } },
    { name: "a-day-old", change: {}, ageMs: 1440 * minute, wanted: { do: "explain" } },
    { name: "from-a-clock-ahead-of-ours", change: {}, ageMs: -10 * minute, wanted: { do: "wait", ms: minute } },
    {
      name: "with-Approved-False",
      change: { status: { conditions: [{ ...approved, status: "False" }] } },
      ageMs: minute,
      wanted: { do: "explain" },
    },
    { name: "approved", change: { status: { conditions: [approved] } }, ageMs: minute, wanted: { do: "ignore" } },
    { name: "denied", change: { status: { conditions: [denied] } }, ageMs: minute, wanted: { do: "ignore" } },
    {
      name: "called-invalid",
      change: { status: { conditions: [{ type: "InvalidRequest", status: "True" }] } },
      ageMs: minute,
      wanted: { do: "ignore" },
    },
    {
      name: "being-deleted",
      change: { metadata: { deletionTimestamp: created } },
      ageMs: minute,
      wanted: { do: "ignore" },
    },
    {
      name: "for-cert-managers-own-issuer",
      change: { spec: { issuerRef: { name: "fleet" } } },
      ageMs: minute,
      wanted: { do: "ignore" },
    },
    {
      name: "for-a-kind-that-is-not-ours",
      change: { spec: { issuerRef: { group: "capstan.dev", kind: "Issuer", name: "fleet" } } },
      ageMs: minute,
      wanted: { do: "ignore" },
    },
    {
      name: "without-a-creation-time",
      change: { metadata: { creationTimestamp: "" } },
      ageMs: minute,
      wanted: { do: "ignore" },
    },
  ] as const satisfies readonly { name: string; change: RequestChange; ageMs: number; wanted: unknown }[])(
    "$name",
    ({ change, ageMs, wanted }) => {
      expect(decideApproval(unapproved(change), after(ageMs))).toEqual(wanted);
    },
  );
});

describe("the signer of a request", () => {
  test.each([
    {
      kind: "CapstanClusterIssuer",
      wanted: { every: "capstanclusterissuers.capstan.dev/*", one: "capstanclusterissuers.capstan.dev/fleet" },
    },
    {
      kind: "CapstanIssuer",
      wanted: { every: "capstanissuers.capstan.dev/*", one: "capstanissuers.capstan.dev/demo.fleet" },
    },
    // cert-manager's default kind is the namespaced one.
    { kind: "", wanted: { every: "capstanissuers.capstan.dev/*", one: "capstanissuers.capstan.dev/demo.fleet" } },
    { kind: "ClusterIssuer", wanted: undefined },
  ])('of kind "$kind"', ({ kind, wanted }) => {
    expect(signerNamesOf(request({ spec: { issuerRef: { group: "capstan.dev", kind, name: "fleet" } } }))).toEqual(
      wanted,
    );
  });
});

describe("the setting of the approver", () => {
  test("is-namespace-and-name", () => {
    expect(parseApprover("cert-manager/cert-manager-approver-policy")).toEqual({
      namespace: "cert-manager",
      name: "cert-manager-approver-policy",
    });
  });

  test.each([undefined, "", "cert-manager", "/cert-manager", "cert-manager/", "a/b/c", "Cert/Manager", "a/b c"])(
    "%j is refused",
    (text) => {
      expect(() => parseApprover(text)).toThrow("is not a service account as namespace/name");
    },
  );
});

test("every-explanation-fits-into-an-event-with-the-longest-names", () => {
  const signer = { every: "capstanclusterissuers.capstan.dev/*", one: `capstanissuers.capstan.dev/${"n".repeat(63)}` };
  const approver = { namespace: "n".repeat(63), name: "a".repeat(63) };
  for (const right of ["granted", "missing", "unknown"] as const) {
    const note = explainUnapproved({ right, approver, signer, requester: `system:serviceaccount:${"u".repeat(127)}` });
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
  }
});

describe("the owner of an unapproved request", () => {
  const missingRule = 'verbs: [approve], resourceNames: ["capstanclusterissuers.capstan.dev/*"]';
  let server: ReviewServer;
  let clock: Date;
  let store: ObjectStore<Request>;
  let reconcile: () => Promise<ReconcileResult>;

  beforeEach(async () => {
    server = await startReviewServer();
    clock = after(minute);
    store = new ObjectStore<Request>();
    store.set(unapproved());
    const { client } = server;
    const log = createLogger({ program: "test", level: "debug", to: { write: () => undefined } });
    const events = new EventRecorder({ client, reportingController: "test", reportingInstance: "test", log });
    const approver = { namespace: "cert-manager", name: "cert-manager" };
    const reconciler = approvalReconciler({ client, requests: store, approver, events, now: () => clock, log });
    reconcile = async () => {
      const result = await reconciler("demo/web-1", new AbortController().signal);
      await events.flush();
      return result ?? {};
    };
  });

  afterEach(() => server[Symbol.asyncDispose]());

  test("hears-nothing-for-a-minute-and-then-which-rule-is-missing-where", async () => {
    clock = after(minute - 1);
    expect(await reconcile()).toEqual({ requeueAfterMs: 1 });
    expect([server.reviews, server.notes]).toEqual([[], []]);
    clock = after(minute);
    expect(await reconcile()).toEqual({});
    expect(server.notes).toEqual([
      expect.stringContaining("system:serviceaccount:cert-manager:cert-manager may not approve for signer"),
    ]);
    expect(server.notes[0]).toContain(missingRule);
    expect(server.notes[0]).toContain("cert-manager-controller-approve:capstan-dev");
  });

  test("is-reviewed-as-the-approver-with-its-groups-for-both-names-of-the-signer", async () => {
    await reconcile();
    const attributes = { group: "cert-manager.io", resource: "signers", verb: "approve" };
    expect(server.reviews).toEqual(
      ["capstanclusterissuers.capstan.dev/*", "capstanclusterissuers.capstan.dev/fleet"].map((name) => ({
        user: "system:serviceaccount:cert-manager:cert-manager",
        groups: ["system:serviceaccounts", "system:serviceaccounts:cert-manager", "system:authenticated"],
        resourceAttributes: { ...attributes, name },
      })),
    );
  });

  test.each(["capstanclusterissuers.capstan.dev/*", "capstanclusterissuers.capstan.dev/fleet"])(
    "hears-that-no-approve-rule-is-missing-when-the-approver-may-approve-for-%s",
    async (name) => {
      server.allowed.add(name);
      await reconcile();
      expect(server.notes).toEqual([expect.stringContaining("no approve rule is missing")]);
      // What approver-policy lacks then.
      expect(server.notes[0]).toContain("verbs: [use]");
      expect(server.notes[0]).toContain("system:serviceaccount:cert-manager:cert-manager: that user needs");
    },
  );

  test("hears-the-rule-also-when-the-controller-may-not-ask", async () => {
    server.refuseWith = 403;
    await reconcile();
    expect(server.notes).toEqual([expect.stringContaining("It could not be checked")]);
    expect(server.notes[0]).toContain(missingRule);
  });

  test("hears-nothing-while-the-api-server-cannot-say-and-is-told-when-it-can", async () => {
    server.refuseWith = 500;
    await expect(reconcile()).rejects.toMatchObject({ code: 500 });
    expect(server.notes).toEqual([]);
    server.refuseWith = undefined;
    await reconcile();
    expect(server.notes).toHaveLength(1);
  });

  test("hears-it-once-however-long-it-takes", async () => {
    for (const minutes of [1, 2, 10, 600]) {
      clock = after(minutes * minute);
      expect(await reconcile()).toEqual({});
    }
    expect([server.notes.length, server.reviews.length]).toEqual([1, 2]);
  });

  test("of-another-request-with-the-same-name-hears-it-too", async () => {
    await reconcile();
    store.set(unapproved({ metadata: { uid: "another" } }));
    await reconcile();
    expect(server.notes).toHaveLength(2);
  });

  test("hears-nothing-when-it-was-approved-in-time", async () => {
    clock = now;
    await reconcile();
    store.set(unapproved({ status: { conditions: [approved] } }));
    clock = after(minute);
    await reconcile();
    expect([server.notes, server.reviews]).toEqual([[], []]);
  });

  test("hears-nothing-when-it-is-gone", async () => {
    store.delete("demo/web-1");
    expect(await reconcile()).toEqual({});
    expect([server.notes, server.reviews]).toEqual([[], []]);
  });
});
