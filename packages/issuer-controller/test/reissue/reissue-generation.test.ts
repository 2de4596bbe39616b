import {
  apiVersion,
  authorityLabel,
  type CertificateAuthority,
  type IssuedCertificate,
  issuedCertificateResource,
} from "@capstan/api";
import { createLogger, EventRecorder, type ReconcileResult } from "@capstan/kube";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ObjectStore } from "../../../kube/src/object-store.ts";
import { ManualClock } from "../../../kube/test/manual-clock.ts";
import { holderResources } from "../../src/reissue/leaf-holder.ts";
import { generationReissueReconciler } from "../../src/reissue/reissue-generation.ts";
import { ApiServer } from "../support/api-server.ts";
import { authority, condition, newGeneration } from "../support/objects.ts";
import { ReissuePasses } from "../support/reissue-passes.ts";

const namespace = "capstan-system";
let now = new Date("2026-11-22T12:00:00Z");
const [notBefore, notAfter] = ["2026-11-22T09:55:00Z", "2026-11-23T10:00:00Z"];
const log = createLogger({ program: "test", level: "silent" });
const roots = [await newGeneration(1), await newGeneration(2)];

let server: ApiServer;
let clock: ManualClock;
let events: EventRecorder;
let authorities: ObjectStore<CertificateAuthority>;
let stop: AbortController;
let reconcile: () => Promise<ReconcileResult>;

beforeEach(async () => {
  now = new Date("2026-11-22T12:00:00Z");
  stop = new AbortController();
  server = await ApiServer.start();
  clock = new ManualClock();
  authorities = new ObjectStore();
  events = new EventRecorder({ client: server.client, reportingController: "c", reportingInstance: "i", log });
  restart();
  putAuthority();
});

afterEach(() => server[Symbol.asyncDispose]());

function restart(): void {
  const { client } = server;
  const passes = new ReissuePasses({ client, now: () => now, clock, log });
  const look = generationReissueReconciler({
    client,
    namespace,
    authorities,
    replacements: passes.replacements,
    events,
    now: () => now,
    wake: passes.wake.bind(passes),
    log,
  });
  reconcile = async () => {
    const result = await passes.run("fleet", async (key) => (await look(key, stop.signal)) ?? {}, stop.signal);
    await events.flush();
    return result;
  };
}

/** Looks at whatever comes within a minute. */
async function settle(): Promise<void> {
  for (let looks = 0; looks < 60; looks += 1) {
    clock.advance(1_000);
    await reconcile();
  }
}

/** Generation 2 issues, and what generation 1 has issued is to be issued anew. */
function putAuthority(status: Partial<CertificateAuthority["status"]> = {}, orderedAt = "2026-11-22T11:00:00Z"): void {
  const fleet = authority(roots);
  const generations = (fleet.status?.generations ?? []).map((generation) =>
    generation.number === 1 ? { ...generation, reissueOrderedAt: orderedAt } : generation,
  );
  authorities.set({ ...fleet, status: { ...fleet.status, generations, ...status } });
}

function putLeaf(name: string, spec: Partial<IssuedCertificate["spec"]> = {}, isHeld = true): void {
  server.put(issuedCertificateResource, {
    apiVersion,
    kind: "IssuedCertificate",
    metadata: { name: `record-${name}`, namespace, labels: { [authorityLabel]: "fleet" } },
    spec: {
      authority: "fleet",
      generation: 1,
      requestNamespace: "demo",
      notBefore,
      notAfter,
      owner: { kind: "Certificate", name, uid: `uid-${name}` },
      ...spec,
    },
  } as IssuedCertificate);
  if (!isHeld) return;
  server.put(holderResources.Certificate, {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name, namespace: "demo", uid: `uid-${name}`, generation: 1 },
    status: { notBefore, notAfter },
  } as never);
}

/** As cert-manager does: another leaf, and no condition any more. */
function renew(name: string): void {
  const certificate = server.read(holderResources.Certificate, { namespace: "demo", name }) as object;
  server.put(holderResources.Certificate, {
    ...certificate,
    status: { notBefore: "2026-11-22T12:00:00Z", notAfter: "2026-11-23T12:00:00Z" },
  } as never);
}

const renewals = (): readonly string[] =>
  server.writes.filter((write) => write.includes("certificates/")).map((write) => write.split("/").at(-2) ?? "");
const told = (): readonly unknown[] =>
  server.calls
    .filter(({ method, path }) => method === "POST" && path.endsWith("/events"))
    .map(({ body }) => [(body as unknown as { reason: string }).reason, (body as unknown as { note: string }).note]);

test("every-leaf-of-the-generation-is-replaced-and-no-other", async () => {
  putLeaf("one");
  putLeaf("two");
  putLeaf("of-the-new-generation", { generation: 2 });
  putLeaf("expired", { notAfter: "2026-11-22T11:59:59Z" });
  putLeaf("of-nothing", { owner: undefined as never });
  await reconcile();
  expect(renewals().toSorted()).toEqual(["one", "two"]);
  renew("one");
  renew("two");
  clock.advance(30_000);
  expect(await reconcile()).toEqual({});
  expect(told()).toEqual([["GenerationReissued", "What holds leaves of generation 1 was renewed or restarted: 2"]]);
  clock.advance(60_000);
  await reconcile();
  expect(told()).toHaveLength(1);
});

test("five-are-begun-at-once-and-then-two-a-second", async () => {
  for (let leaf = 0; leaf < 9; leaf += 1) putLeaf(`leaf-${leaf}`);
  const { requeueAfterMs = 0 } = await reconcile();
  expect(renewals()).toHaveLength(5);
  expect(requeueAfterMs).toBeGreaterThan(0);
  expect(requeueAfterMs).toBeLessThanOrEqual(500);
  clock.advance(1_000);
  await reconcile();
  expect(renewals()).toHaveLength(7);
});

test("who-takes-over-goes-on-from-what-holds-the-leaves", async () => {
  putLeaf("one");
  putLeaf("two");
  await reconcile();
  renew("one");
  restart();
  const before = renewals().length;
  await reconcile();
  renew("two");
  clock.advance(30_000);
  await reconcile();
  expect(
    renewals()
      .slice(before)
      .every((name) => name === "two"),
  ).toBe(true);
  expect(told()).toEqual([["GenerationReissued", "What holds leaves of generation 1 was renewed or restarted: 2"]]);
});

test("what-needs-a-person-is-told-with-an-example", async () => {
  putLeaf("pod", { owner: { kind: "Pod", name: "web", uid: "p-1" } }, false);
  server.put(holderResources.Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "demo", uid: "p-1" },
    spec: { volumes: [] },
  } as never);
  await reconcile();
  expect(told()).toEqual([
    [
      "GenerationReissuedInPart",
      "What holds leaves of generation 1 was renewed or restarted: 0; 1 need a person, one of them in namespace demo: Pod web has no volume of csi.cert-manager.io",
    ],
  ]);
});

describe("a leaf that cannot be looked at holds nothing up", () => {
  test("when its record names an owner that no path can have", async () => {
    putLeaf("bad", { owner: { kind: "Pod", name: "x/y", uid: "p-1" } }, false);
    putLeaf("good");
    await reconcile();
    expect(renewals()).toEqual(["good"]);
    expect(told()).toEqual([]);
    renew("good");
    await settle();
    expect(told()).toEqual([
      [
        "GenerationReissuedInPart",
        expect.stringMatching(
          /^What holds leaves of generation 1 was renewed or restarted: 1; 1 wait, one of them in namespace demo: could not be replaced: name "x\/y" cannot be part of a path/,
        ),
      ],
    ]);
  });

  test("when the API server refuses it, and it is tried again, later each time", async () => {
    putLeaf("refused");
    putLeaf("good");
    const refuse = (): void => server.next("PATCH", /refused\/status$/, { refuse: 422, reason: "Invalid" });
    refuse();
    await reconcile();
    expect(renewals()).toEqual(["refused", "good"]);
    clock.advance(4_999);
    await reconcile();
    expect(renewals()).toHaveLength(2);
    refuse();
    clock.advance(1);
    await reconcile();
    expect(renewals()).toEqual(["refused", "good", "refused"]);
    clock.advance(9_999);
    await reconcile();
    expect(renewals()).toHaveLength(3);
    clock.advance(1);
    await reconcile();
    expect(renewals()).toEqual(["refused", "good", "refused", "refused"]);
    for (const name of ["good", "refused"]) renew(name);
    await settle();
    expect(told()).toEqual([["GenerationReissued", "What holds leaves of generation 1 was renewed or restarted: 2"]]);
  });

  test("and is over when the leaf has ended", async () => {
    putLeaf("bad", { notAfter: "2026-11-22T12:01:00Z", owner: { kind: "Pod", name: "x/y", uid: "p-1" } }, false);
    await reconcile();
    now = new Date("2026-11-22T12:01:00Z");
    await settle();
    expect(await reconcile()).toEqual({});
    expect(told().at(-1)).toEqual([
      "GenerationReissued",
      "What holds leaves of generation 1 was renewed or restarted: 1",
    ]);
  });

  test("but a stop is no failure of a leaf", async () => {
    putLeaf("one");
    const reason = new Error("the controller is stopping");
    server.next("GET", /certificates\/one$/, () => stop.abort(reason));
    await expect(reconcile()).rejects.toBe(reason);
  });
});

test("while issuing is held it stands still, and then goes on without reading the ledger again", async () => {
  for (let leaf = 0; leaf < 9; leaf += 1) putLeaf(`leaf-${leaf}`);
  await reconcile();
  expect(renewals()).toHaveLength(5);
  putAuthority({ frozen: { holds: ["Compromise"], order: 1, since: "2026-11-22T11:00:00Z" } });
  await settle();
  expect(await reconcile()).toEqual({});
  expect(renewals()).toHaveLength(5);
  putAuthority();
  await settle();
  expect(renewals()).toHaveLength(9);
  expect(server.calls.filter(({ path }) => path.endsWith("/issuedcertificates"))).toHaveLength(1);
});

test("it stops when the authority goes", async () => {
  for (let leaf = 0; leaf < 9; leaf += 1) putLeaf(`leaf-${leaf}`);
  await reconcile();
  authorities.delete("fleet");
  await settle();
  expect(await reconcile()).toEqual({});
  expect(renewals()).toHaveLength(5);
});

describe("nothing is replaced", () => {
  const frozen = { holds: ["Compromise" as const], order: 1, since: "2026-11-22T11:00:00Z" };
  test.each<[fact: string, prepare: () => void]>([
    ["while-issuing-is-held", () => putAuthority({ frozen })],
    ["while-the-authority-is-not-ready", () => putAuthority({ conditions: [condition({ status: "False" })] })],
    ["while-the-generation-itself-is-the-one-that-issues", () => putAuthority({ activeGeneration: 1 })],
    ["when-it-was-ordered-longer-ago-than-any-leaf-lives", () => putAuthority({}, "2026-11-15T11:59:59Z")],
    ["when-nobody-ordered-it", () => authorities.set(authority(roots))],
    ["when-the-authority-is-gone", () => authorities.delete("fleet")],
  ])("%s", async (_fact, prepare) => {
    putLeaf("one");
    prepare();
    expect(await reconcile()).toEqual({});
    expect(server.calls).toEqual([]);
  });
});
