import {
  apiVersion,
  type IssuedCertificate,
  issuedCertificateResource,
  type Revocation,
  type RevocationList,
  revocationListResource,
} from "@capstan/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { settleMs } from "../../src/revocations/revoke-leaves.ts";
import { newGeneration } from "../support/generation.ts";
import { after, day, hour, minute, now, ownNamespace, record, revocation, revokedAt } from "../support/objects.ts";
import { RevocationLab } from "../support/revocation-lab.ts";

const [first, second] = await Promise.all([newGeneration(1), newGeneration(2)]);
const key = "1".repeat(64);
const account = { requester: "system:serviceaccount:demo:web" };

let lab: RevocationLab;

beforeEach(async () => {
  lab = await RevocationLab.start();
  lab.publish(first);
});

afterEach(() => lab[Symbol.asyncDispose]());

function put(name: string, serial: string, spec: Partial<IssuedCertificate["spec"]> = {}, revoked = false): void {
  const status = revoked ? revokedAt(now, "keyCompromise") : undefined;
  const one = record({ name, spec: { serial, ...spec }, ...(status === undefined ? {} : { status }) });
  lab.server.put(issuedCertificateResource, one);
}

const madeAt = (wish: Revocation, time: Date = now): Revocation => ({
  ...wish,
  metadata: { ...wish.metadata, creationTimestamp: time.toISOString() },
});
const ofKey = (namespace = "demo"): Revocation =>
  madeAt(revocation({ namespace, name: "key", target: { publicKeySha256: key } }));
const ofAccount = (serviceAccount: object, namespace = "demo"): Revocation =>
  madeAt(revocation({ namespace, name: "account", target: { serviceAccount: { name: "web", ...serviceAccount } } }));

const blocks = (name = "fleet-1"): readonly string[] =>
  (lab.list(name).spec.blockedKeys ?? []).map(({ sha256, namespace = "*" }) => `${sha256.slice(0, 2)} ${namespace}`);

describe("a public key is blocked before the ledger is read", () => {
  test("and-then-every-unexpired-leaf-of-it-is-marked", async () => {
    put("one", "01");
    put("two", "02");
    put("other-key", "03", { publicKeySha256: "2".repeat(64) });
    put("ended", "04", { notAfter: after(-1).toISOString() });
    await lab.reconcile(ofKey());
    expect([lab.revoked, blocks()]).toEqual([["one", "two"], ["11 demo"]]);
    const order = lab.server.calls.map(({ method, path }) => `${method} ${path.split("/").at(-1) ?? ""}`);
    expect(order.indexOf("PUT fleet-1")).toBeLessThan(order.indexOf("GET issuedcertificates"));
    expect(order.indexOf("PUT fleet-1")).toBeGreaterThan(-1);
  });

  test.each<[namespace: string, marked: readonly string[], block: string]>([
    ["demo", ["one"], "11 demo"],
    ["other", ["theirs"], "11 other"],
    ["empty", [], "11 empty"],
    [ownNamespace, ["one", "publishers", "theirs"], "11 *"],
  ])("by-%s-for-what-it-may-reach", async (namespace, marked, block) => {
    put("one", "01");
    put("theirs", "02", { requestNamespace: "other" });
    const { requestNamespace: _none, ...spec } = record().spec;
    const publishers = { ...record({ name: "publishers" }), spec: { ...spec, serial: "03" } };
    lab.server.put(issuedCertificateResource, publishers);
    await lab.reconcile(ofKey(namespace));
    expect([lab.revoked, blocks()]).toEqual([marked, [block]]);
  });

  test("in-the-newest-list-of-each-authority", async () => {
    lab.publish(second);
    lab.publish(first, "other");
    await lab.reconcile(ofKey());
    expect([blocks("fleet-1"), blocks("fleet-2"), blocks("other-1")]).toEqual([[], ["11 demo"], ["11 demo"]]);
  });

  test("once-and-the-first-block-stays", async () => {
    await lab.reconcile(ofKey());
    const before = lab.list().spec.blockedKeys;
    lab.now = after(minute);
    await lab.reconcile({ ...ofKey(), metadata: { ...ofKey().metadata, name: "again" } });
    await lab.reconcile(ofKey());
    expect(lab.list().spec.blockedKeys).toEqual(before);
    expect(before).toEqual([{ sha256: key, namespace: "demo", at: "2026-11-22T03:00:00Z", requestedBy: "bob" }]);
  });

  test("for-all-though-it-is-blocked-for-one-namespace", async () => {
    await lab.reconcile(ofKey());
    await lab.reconcile(ofKey(ownNamespace));
    expect(blocks()).toEqual(["11 demo", "11 *"]);
  });

  test("and-an-unblocked-one-is-not-blocked-again-by-the-same-revocation", async () => {
    await lab.reconcile(ofKey());
    const list = lab.list();
    const { blockedKeys: _unblocked, ...spec } = list.spec;
    lab.server.put(revocationListResource, { ...list, spec });
    lab.now = after(settleMs);
    await lab.reconcile(ofKey());
    expect(blocks()).toEqual([]);
  });

  test.each<[fact: string, count: number, of: string | undefined, namespace: string, said: readonly string[]]>([
    ["unless-its-namespace-has-fifty", 50, "demo", "demo", ["Accepted False NoRoom"]],
    ["though-another-namespace-has-fifty", 50, "other", "demo", ["Accepted True Recorded", settling]],
    [
      "though-its-namespace-has-fifty-by-an-administrator",
      50,
      "demo",
      ownNamespace,
      ["Accepted True Recorded", settling],
    ],
    ["unless-there-are-five-hundred", 500, undefined, ownNamespace, ["Accepted False NoRoom"]],
  ])("%s", async (_fact, count, of, namespace, said) => {
    const blockedKeys = Array.from({ length: count }, (_, index) => ({
      sha256: index.toString(16).padStart(64, "f"),
      at: now.toISOString(),
      requestedBy: "alice",
      ...(of === undefined ? {} : { namespace: of }),
    }));
    lab.publish(first, "fleet", { blockedKeys });
    expect(await lab.said(ofKey(namespace))).toEqual(said);
  });

  test("again-after-a-crash-and-nothing-is-marked-before", async () => {
    put("one", "01");
    lab.server.next("PUT", /revocationlists/, "lose the request");
    await expect(lab.reconcile(ofKey())).rejects.toMatchObject({ code: "ERR_KUBE_CONNECTION" });
    expect([lab.revoked, blocks()]).toEqual([[], []]);
    lab.server.next("PATCH", /revocations/, "lose the request");
    await expect(lab.reconcile(ofKey())).rejects.toMatchObject({ code: "ERR_KUBE_CONNECTION" });
    expect([lab.revoked, blocks()]).toEqual([[], ["11 demo"]]);
    lab.server.next("PATCH", /issuedcertificates/, "lose the request");
    await expect(lab.reconcile(ofKey())).rejects.toMatchObject({ code: "ERR_KUBE_CONNECTION" });
    await lab.reconcile(ofKey());
    expect([lab.revoked, blocks()]).toEqual([["one"], ["11 demo"]]);
  });
});

const settling = "Published False WaitingForSignaturesOnTheirWay";

describe("what was being signed meanwhile", () => {
  beforeEach(async () => {
    put("one", "01");
    await lab.reconcile(ofKey());
    lab.listMarked();
    lab.readBack("prod");
  });

  test("is-waited-for-though-all-that-is-known-is-read-back", async () => {
    expect(await lab.said(ofKey())).toEqual(["Accepted True Recorded", settling]);
    lab.now = after(settleMs - 1);
    const { stored, result } = await lab.reconcile(ofKey());
    expect(stored.status?.conditions?.at(-1)?.reason).toBe("WaitingForSignaturesOnTheirWay");
    expect(result).toEqual({ requeueAfterMs: 1 });
  });

  test("is-marked-by-the-last-look-and-published-after-that", async () => {
    put("late", "02");
    lab.now = after(settleMs);
    const { stored } = await lab.reconcile(ofKey());
    expect(lab.revoked).toEqual(["late", "one"]);
    expect(stored.status?.certificates).toBe(2);
    expect(stored.status?.conditions?.find(({ type }) => type === "Published")?.status).not.toBe("True");
    lab.listMarked();
    lab.readBack("prod");
    expect(await lab.said(ofKey())).toEqual(["Accepted True Recorded", "Published True ReadBack"]);
  });

  test("is-nothing-and-then-it-is-published", async () => {
    lab.now = after(settleMs);
    expect(await lab.said(ofKey())).toEqual(["Accepted True Recorded", "Published True ReadBack"]);
    const calls = lab.server.calls.length;
    await lab.reconcile(ofKey());
    expect(lab.server.calls).toHaveLength(calls);
  });
});

test("a-key-that-nobody-has-is-blocked-all-the-same", async () => {
  expect(await lab.said(ofKey())).toEqual(["Accepted True Recorded", settling]);
  lab.now = after(settleMs);
  const { stored } = await lab.reconcile(ofKey());
  expect(stored.status?.conditions?.map(({ type, status }) => `${type} ${status}`)).toEqual([
    "Accepted True",
    "Published True",
  ]);
  expect(stored.status?.conditions?.[0]?.message).toBe(
    "0 certificates are revoked, and the key is blocked; it cannot be undone",
  );
  expect(stored.status?.conditions?.[1]?.message).toBe("There is no certificate that a CRL would have to name");
});

describe("of a service account", () => {
  test("what-it-asked-for-itself-is-marked", async () => {
    put("one", "01", account);
    put("two", "02", { ...account, publicKeySha256: "2".repeat(64) });
    put("by-cert-manager", "03", { requester: "system:serviceaccount:cert-manager:cert-manager" });
    put("of-another-account", "04", { requester: "system:serviceaccount:demo:db" });
    put("of-a-longer-name", "05", { requester: "system:serviceaccount:demo:web-2" });
    put("elsewhere", "06", { ...account, requestNamespace: "other" });
    put("ended", "07", { ...account, notAfter: after(-1).toISOString() });
    await lab.reconcile(ofAccount({}));
    expect([lab.revoked, blocks()]).toEqual([["one", "two"], []]);
  });

  test("that-makes-requests-for-others-nothing-of-theirs-is-marked", async () => {
    put("by-cert-manager", "03", { requester: "system:serviceaccount:cert-manager:cert-manager" });
    await lab.reconcile(ofAccount({ name: "cert-manager", namespace: "cert-manager" }, ownNamespace));
    expect(lab.revoked).toEqual([]);
  });

  test.each<[fact: string, serviceAccount: object, namespace: string, said: readonly string[]]>([
    ["of-another-namespace-a-tenant-is-refused", { namespace: "other" }, "demo", ["Accepted False NotYours"]],
    ["without-leaves-nothing-is-said-yet", { name: "nobody" }, "demo", []],
    ["in-any-namespace-an-administrator-is-served", { namespace: "demo" }, ownNamespace, []],
    ["in-capstans-own-by-default", {}, ownNamespace, []],
  ])("%s", async (_fact, serviceAccount, namespace, said) => {
    put("one", "01", account);
    expect(await lab.said(ofAccount(serviceAccount, namespace))).toEqual(said);
  });

  test("without-leaves-it-is-refused-when-none-can-come-any-more", async () => {
    await lab.reconcile(ofAccount({}));
    lab.now = after(settleMs);
    expect(await lab.said(ofAccount({}))).toEqual(["Accepted False NotFound"]);
  });

  test("what-was-being-signed-when-the-revocation-was-made-is-marked-by-the-last-look", async () => {
    put("one", "01", account);
    await lab.reconcile(ofAccount({}));
    put("late", "02", {
      ...account,
      notBefore: after(-5 * minute).toISOString(),
      notAfter: after(day - 5 * minute).toISOString(),
    });
    lab.now = after(settleMs);
    await lab.reconcile(ofAccount({}));
    expect(lab.revoked).toEqual(["late", "one"]);
  });

  test.each<[fact: string, durationMs: number, askedAfterMs: number, isMarked: boolean]>([
    ["a-day-asked-for-a-minute-later", day, minute, false],
    ["an-hour-asked-for-a-minute-later", hour, minute, false],
    ["a-day-asked-for-a-minute-before", day, -minute, true],
    ["an-hour-asked-for-a-second-before", hour, -1_000, true],
  ])("the-successor-is-spared: %s", async (_fact, durationMs, askedAfterMs, isMarked) => {
    // As chooseValidity in ca-core has it.
    const begin = now.getTime() + askedAfterMs - Math.min(5 * minute, durationMs / 12);
    const times = {
      notBefore: new Date(begin).toISOString(),
      notAfter: new Date(begin + durationMs).toISOString(),
    };
    put("one", "01", { ...account, ...times });
    lab.now = after(settleMs);
    await lab.reconcile(ofAccount({}));
    expect(lab.revoked).toEqual(isMarked ? ["one"] : []);
  });
});

describe("of many leaves", () => {
  test("each-is-marked-once-and-those-that-were-stay-as-they-are", async () => {
    for (let index = 0; index < 40; index += 1) put(`leaf-${index}`, `4f${(index + 16).toString(16)}`);
    put("before", "01", {}, true);
    await lab.reconcile(ofKey());
    expect(lab.revoked).toHaveLength(41);
    const marks = lab.server.writes.filter((write) => write.includes("issuedcertificates"));
    expect(marks).toHaveLength(40);
    expect(lab.ledger.find(({ metadata }) => metadata.name === "before")?.status).toEqual(
      revokedAt(now, "keyCompromise"),
    );
  });

  test("of-two-generations-both-lists-and-anchors-are-waited-for", async () => {
    lab.publish(second);
    put("one", "01");
    put("two", "02", { generation: 2 });
    await lab.reconcile(ofKey());
    lab.listMarked("fleet-1");
    expect(await lab.said(ofKey())).toEqual([]);
    lab.listMarked("fleet-2");
    lab.readBack("prod", "fleet-1");
    lab.now = after(settleMs);
    expect(await lab.said(ofKey())).toEqual(["Accepted True Recorded", "Published False WaitingForTrustAnchors"]);
    lab.readBack("prod", "fleet-2");
    expect(await lab.said(ofKey())).toEqual(["Accepted True Recorded", "Published True ReadBack"]);
    expect(lab.noticed.toSorted()).toEqual(["fleet-1", "fleet-2"]);
  });

  test("in-two-authorities-anchors-are-told-apart", async () => {
    lab.publish(first, "other");
    const [fleet] = lab.authorities.list();
    if (fleet === undefined) throw new Error("there is no authority");
    lab.authorities.set({ ...fleet, metadata: { name: "other" } });
    put("one", "01");
    put("theirs", "02", { authority: "other" });
    await lab.reconcile(ofKey());
    lab.listMarked("fleet-1");
    const list: RevocationList = lab.list("other-1");
    lab.server.put(revocationListResource, {
      ...list,
      apiVersion,
      spec: { ...list.spec, entries: ["02 1 1 9999999999 0"], actors: ["bob"] },
    });
    lab.now = after(settleMs);
    lab.readBack("prod", "fleet-1");
    const { stored } = await lab.reconcile(ofKey());
    expect(stored.status?.anchors?.map(({ name, published }) => [name, published])).toEqual([
      ["fleet/prod", true],
      ["other/prod", false],
    ]);
  });
});
