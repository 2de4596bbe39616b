import type { IssuedCertificate } from "@capstan/api";
import { createLogger, type KubeClient, type ObjectRef } from "@capstan/kube";
import { beforeEach, expect, test } from "vitest";
import { ManualClock } from "../../../kube/test/manual-clock.ts";
import { LeafReplacements, type ReplacementOrder } from "../../src/reissue/leaf-replacements.ts";
import { ReissueRound } from "../../src/reissue/reissue-round.ts";
import type { Told } from "../../src/reissue/replace-leaf.ts";

const log = createLogger({ program: "test", level: "silent" });
const { signal } = new AbortController();
const [notBefore, notAfter] = ["2026-11-22T09:55:00Z", "2026-11-23T10:00:00Z"];
const renewed = { notBefore: "2026-11-22T12:00:00Z", notAfter: "2026-11-23T12:00:00Z" };

let clock: ManualClock;
let replacements: LeafReplacements;
/** What was asked to be renewed, as namespace/name, in order. */
let begun: string[];
let looks: number;
/** Certificates that hold another leaf already. */
let isRenewed: (ref: ObjectRef) => boolean;

beforeEach(() => {
  clock = new ManualClock();
  begun = [];
  looks = 0;
  isRenewed = () => false;
  const pathOf = ({ namespace, name }: ObjectRef): string => `${namespace}/${name}`;
  const client = {
    getOrUndefined: (_type: unknown, ref: ObjectRef) => {
      looks += 1;
      const conditions = begun.includes(pathOf(ref)) ? [{ type: "Issuing", status: "True" }] : [];
      const times = isRenewed(ref) ? renewed : { notBefore, notAfter };
      return Promise.resolve({ metadata: { ...ref, uid: "c" }, status: { ...times, conditions } });
    },
    apply: (_type: unknown, { metadata }: { readonly metadata: ObjectRef }) => {
      begun.push(pathOf(metadata));
      return Promise.resolve({});
    },
  } as unknown as KubeClient;
  const now = (): Date => new Date("2026-11-22T12:00:00Z");
  replacements = new LeafReplacements({ client, now, clock, log, onWanted: () => {} });
});

function recordOf(namespace: string, name: string): IssuedCertificate {
  const owner = { kind: "Certificate", name, uid: "c" } as const;
  return {
    metadata: { name: `uid-${namespace}-${name}` },
    spec: { requestNamespace: namespace, owner, notBefore, notAfter },
  } as IssuedCertificate;
}

function orderOf(isAdministrators = false): ReplacementOrder & { readonly states: Told["state"][] } {
  const states: Told["state"][] = [];
  return {
    reason: "superseded",
    asker: "a test",
    isAdministrators,
    states,
    told: (_record, { state }) => {
      states.push(state);
    },
  };
}

/** What began within so many half seconds. */
async function begunWithin(halfSeconds: number): Promise<readonly string[]> {
  const before = begun.length;
  for (let count = 0; count < halfSeconds; count += 1) {
    clock.advance(500);
    await replacements.work(signal);
  }
  return begun.slice(before);
}

test("a leaf that many want is begun once", async () => {
  const orders = Array.from({ length: 20 }, () => orderOf());
  for (const order of orders)
    for (let leaf = 0; leaf < 5; leaf += 1) replacements.want(recordOf("noisy", `leaf-${leaf}`), order);
  await replacements.work(signal);
  expect(begun).toHaveLength(5);
  expect(looks).toBe(5);
  expect(await begunWithin(20)).toEqual([]);
  for (const { states } of orders) expect(states.filter((state) => state === "Requested")).not.toHaveLength(0);
});

test("who wants a leaf that is begun is told so at once", async () => {
  replacements.want(recordOf("demo", "web"), orderOf());
  await replacements.work(signal);
  const second = orderOf();
  replacements.want(recordOf("demo", "web"), second);
  expect(second.states).toEqual(["Requested"]);
  isRenewed = () => true;
  clock.advance(5_000);
  expect(await replacements.work(signal)).toBeUndefined();
  expect(second.states).toEqual(["Requested", "Done"]);
});

test("a leaf waits for one of another namespace, however many those are", async () => {
  const noisy = orderOf();
  for (let leaf = 0; leaf < 500; leaf += 1) replacements.want(recordOf("noisy", `leaf-${leaf}`), noisy);
  await replacements.work(signal);
  expect(begun).toHaveLength(5);
  replacements.want(recordOf("calm", "web"), orderOf());
  expect(await begunWithin(2)).toContain("calm/web");
});

test("administrators and tenants take turns, whatever number of namespaces either has", async () => {
  const [administrator, tenant] = [orderOf(true), orderOf()];
  for (let leaf = 0; leaf < 5; leaf += 1) replacements.want(recordOf("first", `leaf-${leaf}`), tenant);
  await replacements.work(signal);
  for (let leaf = 0; leaf < 100; leaf += 1) {
    replacements.want(recordOf(`tenant-${leaf % 10}`, `leaf-${leaf}`), tenant);
    replacements.want(recordOf("cluster", `leaf-${leaf}`), administrator);
  }
  const next = await begunWithin(20);
  expect(next.filter((one) => one.startsWith("cluster/"))).toHaveLength(10);
  expect(new Set(next.filter((one) => one.startsWith("tenant-")).map((one) => one.split("/")[0])).size).toBe(10);
});

test("an administrator does not wait for the turns of the tenant who wanted the leaf before", async () => {
  const tenant = orderOf();
  for (let leaf = 0; leaf < 500; leaf += 1) replacements.want(recordOf("noisy", `leaf-${leaf}`), tenant);
  await replacements.work(signal);
  replacements.want(recordOf("noisy", "leaf-499"), orderOf(true));
  expect(await begunWithin(2)).toContain("noisy/leaf-499");
  expect(await begunWithin(1_000)).toHaveLength(493);
});

test("what is replaced already takes nothing of the pace", async () => {
  isRenewed = ({ name }) => name !== "old";
  const order = orderOf();
  for (let leaf = 0; leaf < 40; leaf += 1) replacements.want(recordOf("demo", `leaf-${leaf}`), order);
  for (const namespace of ["a", "b", "c", "d", "e"]) replacements.want(recordOf(namespace, "old"), order);
  await replacements.work(signal);
  expect(begun).toHaveLength(5);
  // They wait for what is in hand, and leave it there.
  expect(await begunWithin(1)).toEqual([]);
  expect(order.states.filter((state) => state === "Done")).toHaveLength(40);
  replacements.want(recordOf("f", "old"), order);
  await replacements.work(signal);
  expect(begun).toHaveLength(6);
});

test("looks have a pace of their own, in which namespaces take turns", async () => {
  const noisy = orderOf();
  for (let leaf = 0; leaf < 500; leaf += 1) replacements.want(recordOf("noisy", `leaf-${leaf}`), noisy);
  isRenewed = () => true;
  expect(await replacements.work(signal)).toBe(500);
  expect(looks).toBe(50);
  const calm = orderOf();
  replacements.want(recordOf("calm", "web"), calm);
  clock.advance(500);
  await replacements.work(signal);
  expect(looks).toBe(75);
  expect(calm.states).toEqual(["Done"]);
});

test("nothing more is done with what nobody wants any more, and it takes no turn", async () => {
  const [withdrawn, wanted] = [orderOf(), orderOf()];
  const records = Array.from({ length: 500 }, (_, leaf) => recordOf("noisy", `leaf-${leaf}`));
  for (const record of records) replacements.want(record, withdrawn);
  replacements.want(recordOf("noisy", "last"), wanted);
  replacements.withdraw(
    records.map(({ metadata }) => metadata.name),
    withdrawn,
  );
  await replacements.work(signal);
  expect(begun).toEqual(["noisy/last"]);
  expect(withdrawn.states).toEqual([]);
});

test("a key that leaked counts, whoever else wants the leaf replaced for less", async () => {
  const reasons: string[] = [];
  const spec = { privateKey: { rotationPolicy: "Never" } };
  const client = {
    getOrUndefined: (_type: unknown, ref: ObjectRef) =>
      Promise.resolve({ metadata: { ...ref, uid: "c" }, spec, status: { notBefore, notAfter } }),
  } as unknown as KubeClient;
  const now = (): Date => new Date("2026-11-22T12:00:00Z");
  const strict = new LeafReplacements({ client, now, clock, log, onWanted: () => {} });
  const order = { ...orderOf(), told: (_record: unknown, { state }: Told): void => void reasons.push(state) };
  strict.want(recordOf("demo", "web"), order);
  strict.want(recordOf("demo", "web"), { ...order, reason: "keyCompromise" });
  await strict.work(signal);
  expect(reasons).toEqual(["Impossible", "Impossible"]);
});

test("as many leaves as a ledger may hold are no more than a function takes arguments", async () => {
  const order = { reason: "superseded", asker: "a test", isAdministrators: true } as const;
  const round = new ReissueRound({ ...order, replacements, onOver: () => {} });
  for (let leaf = 0; leaf < 200_000; leaf += 1) round.add(recordOf("demo", `leaf-${leaf}`));
  round.goOn();
  expect(await replacements.work(signal)).toBe(500);
  expect(begun).toHaveLength(5);
  expect(round.isStuck).toBe(false);
});
