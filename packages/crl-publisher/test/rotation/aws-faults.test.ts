import { setTimeout } from "node:timers/promises";
import { planRotation } from "@capstan/ca-core";
import { type FaultRule, UNKNOWNS } from "@capstan/test-rolesanywhere";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { carryOut } from "../../src/rotation/carry-out.ts";
import { observe } from "../../src/rotation/observe.ts";
import { newGeneration } from "../support/generation.ts";
import { after, day, hour, minute, prod } from "../support/objects.ts";
import { Publisher, RotationWorld } from "../support/rotation-world.ts";

let world: RotationWorld;

beforeEach(async () => {
  world = await RotationWorld.start();
  await world.look();
  // A leaf of the first generation is valid for two days.
  world.raiseMark(1, after(2 * day));
});

afterEach(() => world[Symbol.asyncDispose]());

const isReady = (): boolean => world.said.includes("Ready True Issuing");
const arnOf = (): string => world.fleet.status?.trustAnchors?.[0]?.arn ?? "";
const messageOf = (type: string): string =>
  world.fleet.status?.conditions?.find((condition) => condition.type === type)?.message ?? "";

/** Looks as the controller would, until a rotation that was ordered is through; issuing never stops. */
async function rotate(limitMs: number): Promise<void> {
  world.order("turn", { kind: "Rotate" });
  await world.until(() => {
    expect(isReady()).toBe(true);
    return world.phases === "1 Draining, 2 Active";
  }, limitMs);
  expect(await world.bundle()).toEqual([1, 2]);
  expect(await world.crls()).toEqual([1, 2]);
}

describe("a rotation goes through by itself when, on the way,", () => {
  test.each<[fact: string, rule: FaultRule]>([
    ["aws-throttles", { fault: { kind: "throttling" }, count: 5 }],
    ["aws-throttles-and-names-a-time", { fault: { kind: "throttling", retryAfterSeconds: 30 }, count: 3 }],
    ["aws-answers-500", { fault: { kind: "server-error" }, count: 5 }],
    [
      "the-answer-to-an-update-is-lost",
      { fault: { kind: "connection-reset", effect: "done" }, operation: "UpdateTrustAnchor", count: 1 },
    ],
    [
      "an-update-is-lost",
      { fault: { kind: "connection-reset", effect: "none" }, operation: "UpdateTrustAnchor", count: 2 },
    ],
    [
      "an-update-comes-to-effect-minutes-later",
      {
        fault: { kind: "connection-reset", effect: "late", lateMs: 4 * minute },
        operation: "UpdateTrustAnchor",
        count: 1,
      },
    ],
    ["an-update-has-no-effect", { fault: { kind: "no-effect" }, operation: "UpdateTrustAnchor", count: 2 }],
    [
      "the-answer-to-an-import-is-lost",
      { fault: { kind: "connection-reset", effect: "done" }, operation: "ImportCrl", count: 1 },
    ],
    ["an-import-has-no-effect", { fault: { kind: "no-effect" }, operation: "ImportCrl", count: 1 }],
    ["aws-denies-everything-for-an-hour", { fault: { kind: "access-denied" }, forMs: hour }],
    [
      "reads-are-behind-for-a-while",
      { fault: { kind: "stale-read" }, operation: ["GetTrustAnchor", "ListCrls"], forMs: 3 * minute },
    ],
  ])("%s", async (_fact, rule) => {
    world.aws.emulator.injectFault(rule);
    await rotate(6 * hour);
    expect(world.said[1]).toBe("TrustAnchorsInSync True ReadBack");
  });

  test("aws-is-away-for-nine-days-in-the-middle-of-it", async () => {
    world.order("turn", { kind: "Rotate" });
    await world.look();
    expect(world.phases).toBe("1 Active, 2 Published");
    world.aws.emulator.setAvailable(false);
    for (let days = 0; days < 9; days += 1) {
      world.advance(day);
      await world.look();
      expect(isReady()).toBe(true);
    }
    expect(world.said).toContain("TrustAnchorsInSync False AWSUnavailable");
    world.aws.emulator.setAvailable(true);
    await world.until(() => world.phases.includes("2 Active"), hour);
    expect(world.said[1]).toBe("TrustAnchorsInSync True ReadBack");
    expect(world.said.find((text) => text.startsWith("CRLCurrent"))).toBe("CRLCurrent True Signed");
  });
});

/** The answer to the first import was lost, and the list of CRLs was behind when it was looked for. */
async function importTwice(): Promise<void> {
  const [crl] = await world.aws.controlPlane.listCrls();
  await world.aws.importCrl(crl?.name ?? "", arnOf(), crl?.crlPem ?? "");
  expect(await world.crls()).toEqual([1, 1]);
  world.advance(6 * minute);
}

test("status-names-one-of-two-crls-of-a-generation-as-its-schema-demands", async () => {
  await importTwice();
  const waiting = new Publisher(world, {
    plan: (observation) => {
      const plan = planRotation(observation);
      if (plan.next === "wait" || plan.action.do !== "DeleteCrl") return plan;
      return { next: "wait", reason: { code: "TimeUntrusted", message: "the test goes on" }, notes: [] };
    },
  });
  await world.look(waiting);
  expect(await world.crls()).toEqual([1, 1]);
  expect(world.fleet.status?.trustAnchors?.[0]?.crls).toMatchObject([{ generation: 1 }]);
});

test("an-import-that-was-made-twice-leaves-one-crl-in-force-and-a-rotation-goes-through", async () => {
  await importTwice();
  const from = world.aws.count;
  await world.look();
  expect(world.aws.writes(from).filter((name) => name.endsWith("Crl"))).toEqual(["DeleteCrl"]);
  expect(await world.crls()).toEqual([1]);
  expect((await world.aws.controlPlane.listCrls())[0]?.enabled).toBe(true);
  await rotate(6 * hour);
});

test("what-aws-takes-and-does-not-show-is-not-sent-again-each-second", async () => {
  world.aws.emulator.injectFault({ fault: { kind: "no-effect" }, operation: "UpdateTrustAnchor", forMs: 10 * minute });
  world.order("turn", { kind: "Rotate" });
  const [from, end] = [world.aws.count, world.aws.now.getTime() + 10 * minute];
  while (world.aws.now.getTime() < end) {
    const { requeueAfterMs = minute } = await world.look();
    expect(messageOf("TrustAnchorsInSync")).toContain("and what is read is as it was before");
    world.advance(requeueAfterMs);
  }
  const sent = world.aws.writes(from).filter((name) => name === "UpdateTrustAnchor");
  expect(sent.length).toBeGreaterThan(5);
  expect(sent.length).toBeLessThan(20);
  await world.until(() => world.phases === "1 Draining, 2 Active", hour);
});

test("what-fails-is-told-also-where-each-look-takes-longer-than-the-pause-before-the-next-try", async () => {
  // Each answer of the API server takes twenty seconds.
  world.server.now = () => {
    world.advance(20_000);
    return world.aws.now;
  };
  world.aws.emulator.injectFault({ fault: { kind: "access-denied" } });
  world.advance(10 * minute);
  await world.look();
  expect(world.said[1]).toBe("TrustAnchorsInSync False AWSUnavailable");
  expect(messageOf("TrustAnchorsInSync")).toMatch(/AccessDenied.*is tried again on|is tried again on.*AccessDenied/);
});

describe("a rotation goes through where AWS answers with", () => {
  const rows = Object.entries(UNKNOWNS).flatMap(([name, { positions }]) =>
    Object.keys(positions).map((position) => [name, position] as const),
  );
  test.each(rows)("%s: %s", async (name, position) => {
    world.aws.emulator.setUnknowns({ [name]: position });
    await rotate(6 * hour);
    expect(world.said[1]).toBe("TrustAnchorsInSync True ReadBack");
  });
});

describe("somebody else changes the trust anchor", () => {
  test("and-takes-our-root-out-it-is-put-back-and-a-strangers-stays", async () => {
    const { root } = await newGeneration(9);
    await world.aws.replaceBundle(arnOf(), root.pem);
    world.advance(6 * minute);
    await world.look();
    expect((await world.bundle()).toSorted((a, b) => a - b)).toEqual([0, 1]);
    expect(messageOf("Drift")).toContain(root.sha256);
    expect(messageOf("Drift")).toContain("nothing of it is overwritten");
    expect(isReady()).toBe(true);
  });

  test("and-adds-a-certificate-the-rotation-stops-until-it-is-gone-or-expected", async () => {
    const own = (await world.aws.controlPlane.listTrustAnchors())[0]?.bundlePem ?? "";
    const { root } = await newGeneration(9);
    await world.aws.replaceBundle(arnOf(), own + root.pem);
    world.advance(6 * minute);
    world.order("turn", { kind: "Rotate" });
    await world.look();
    expect(world.phases).toBe("1 Active");
    expect(world.outcome("turn")).toContain(root.sha256);
    const drainUntil = new Date(world.aws.now.getTime() + hour).toISOString().replace(/\.\d+/, "");
    world.changeSpec({ trustAnchors: [{ ...prod, foreignRoots: [{ fingerprint: root.sha256, drainUntil }] }] });
    // The stranger's root has the number 9 in its name, so that the next one is 10.
    await world.until(() => world.phases === "1 Active, 10 Published", 2 * hour);
    expect(await world.bundle()).toEqual([1, 10]);
  });

  test("and-disables-it-status-says-so-and-issuing-goes-on", async () => {
    await world.aws.disableAnchor(arnOf());
    world.advance(6 * minute);
    await world.look();
    expect(messageOf("TrustAnchorsInSync")).toContain("is disabled: nobody gets a session by it");
    expect(world.fleet.status?.trustAnchors).toMatchObject([{ state: "Disabled", joined: false }]);
    expect(isReady()).toBe(true);
  });

  test("and-deletes-it-it-is-created-anew", async () => {
    const before = arnOf();
    await world.aws.deleteAnchor(before);
    world.advance(6 * minute);
    await world.look();
    expect(arnOf()).not.toBe(before);
    expect([await world.bundle(), await world.crls()]).toEqual([[1], [1]]);
    expect(world.said[1]).toBe("TrustAnchorsInSync True ReadBack");
  });

  test("and-deletes-our-crl-it-is-back", async () => {
    const [crl] = await world.aws.controlPlane.listCrls();
    await world.aws.deleteCrl(crl?.id ?? "");
    world.advance(6 * minute);
    await world.look();
    expect(await world.crls()).toEqual([1]);
    expect((await world.aws.controlPlane.listCrls())[0]?.enabled).toBe(true);
  });

  test("and-disables-our-crl-it-is-enabled-again", async () => {
    const [crl] = await world.aws.controlPlane.listCrls();
    await world.aws.disableCrl(crl?.id ?? "");
    world.advance(6 * minute);
    await world.look();
    expect((await world.aws.controlPlane.listCrls())[0]?.enabled).toBe(true);
  });

  test("and-reverts-it-in-the-middle-of-a-soak-the-next-root-is-put-back-and-the-soak-begins-anew", async () => {
    world.order("turn", { kind: "Rotate" });
    await world.look();
    const both = (await world.aws.controlPlane.listTrustAnchors())[0]?.bundlePem ?? "";
    world.advance(10 * minute);
    await world.look();
    await world.aws.replaceBundle(arnOf(), both.slice(0, both.indexOf("-----END CERTIFICATE-----") + 26));
    const revertedAt = world.aws.now.getTime();
    await world.until(() => world.phases === "1 Draining, 2 Active", 2 * hour);
    expect(world.aws.now.getTime() - revertedAt).toBeGreaterThan(15 * minute);
    expect(await world.bundle()).toEqual([1, 2]);
  });
});

describe("a trust anchor that Capstan does not write", () => {
  async function byHand(manage: boolean): Promise<string> {
    const own = (await world.aws.controlPlane.listTrustAnchors())[0]?.bundlePem ?? "";
    const arn = await world.aws.createAnchor("by-hand", own);
    const { create: _create, ...place } = prod;
    world.changeSpec({ trustAnchors: [prod, { ...place, name: "hand", arn, manage }] });
    return arn;
  }

  test("is-read-and-its-owner-is-told-what-to-do", async () => {
    await byHand(false);
    const from = world.aws.count;
    await world.look();
    expect(world.aws.writes(from)).toEqual([]);
    const hand = world.fleet.status?.trustAnchors?.find(({ name }) => name === "hand");
    expect(hand).toMatchObject({ joined: false, state: "Present" });
    expect(hand?.message).toBe("Trust anchor hand is not managed: import the newest CRL of generation 1 by hand");
    expect(isReady()).toBe(true);
  });

  test("is-brought-up-to-date-once-it-is-managed", async () => {
    const arn = await byHand(true);
    await world.look();
    expect(world.fleet.status?.trustAnchors?.find(({ name }) => name === "hand")).toMatchObject({ joined: true, arn });
  });

  test("holds-a-rotation-up-until-it-is-ignored", async () => {
    await byHand(false);
    world.order("turn", { kind: "Rotate" });
    await world.look();
    world.advance(day);
    await world.look();
    expect(world.phases).not.toContain("2 Active");
    world.changeSpec({
      trustAnchors: (world.fleet.spec.trustAnchors ?? []).map((one) =>
        one.name === "hand" ? { ...one, ignore: true } : one,
      ),
    });
    await world.until(() => world.phases.includes("2 Active"), 2 * day);
    expect(world.fleet.status?.trustAnchors?.find(({ name }) => name === "hand")?.joined).toBe(false);
  });
});

describe("a canary", () => {
  const canary = {
    profileArn: "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/11111111-aaaa-4bbb-8ccc-222222222222",
    roleArn: "arn:aws:iam::111122223333:role/canary",
  };

  test("that-is-refused-holds-the-switch-up-and-says-what-aws-said", async () => {
    world.changeSpec({ trustAnchors: [{ ...prod, canary }] });
    world.sessions.canaryPasses = false;
    world.order("turn", { kind: "Rotate" });
    await world.look();
    world.advance(hour);
    await world.look();
    expect(world.phases).toBe("1 Active, 2 Published");
    expect(messageOf("Rotating")).toContain("AccessDeniedException: Untrusted signing certificate");
    world.sessions.canaryPasses = true;
    await world.until(() => world.phases === "1 Draining, 2 Active", hour);
    expect(world.sessions.canaries.every((generation) => generation === 2)).toBe(true);
  });
});

describe("the publisher's own leaf", () => {
  test("is-renewed-by-the-generation-that-stays-before-its-root-is-removed", async () => {
    world.sessions.generation = 1;
    await rotate(2 * hour);
    world.advance(2 * day);
    await world.until(() => world.phases === "1 Retired, 2 Active", 2 * hour);
    expect(world.sessions.generation).toBe(2);
    expect(await world.bundle()).toEqual([2]);
  });
});

/** Carries a removal out, behind a call of the same account and region that takes so long. */
async function waitsForItsTurn(ms: number): Promise<{ readonly sent: readonly string[]; readonly failure?: string }> {
  const { options } = world.publisher;
  const signal = new AbortController().signal;
  const stopped = new Publisher(world, {
    plan: (observation) => {
      const plan = planRotation(observation);
      const isRemoval = plan.next === "act" && plan.action.do === "WriteAnchor" && plan.action.removes.length > 0;
      return isRemoval ? { next: "wait", reason: { code: "Draining", message: "the test goes on" }, notes: [] } : plan;
    },
    memories: options.memories,
    crls: options.crls,
  });
  await world.look(stopped);
  const seen = await observe(options, "fleet", signal);
  if (seen === undefined) throw new Error("there is no authority");
  const { remaining = [], removes = [] } = seen.authority.status?.removalIntent ?? {};
  const from = world.aws.count;
  const fault = { kind: "latency", ms: 500 } as const;
  world.aws.emulator.injectFault({ fault, operation: "ListTrustAnchors", count: 1 });
  const other = world.aws.controlPlane.listTrustAnchors();
  const removal = carryOut(
    { options, seen, signal },
    { do: "WriteAnchor", anchor: "prod", bundle: remaining, removes },
  );
  // The stored intent is read meanwhile.
  await setTimeout(250);
  world.advance(ms);
  await Promise.all([other, removal]);
  const { failure } = options.memories.of("fleet", prod);
  return { sent: world.aws.writes(from), ...(failure === undefined ? {} : { failure: failure.message }) };
}

describe("a removal", () => {
  /** To the moment before the old root is removed. */
  async function drained(): Promise<void> {
    await rotate(2 * hour);
    world.advance(2 * day);
  }

  test("is-not-sent-when-its-intent-has-gone-meanwhile", async () => {
    await drained();
    const from = world.aws.count;
    // What StoreRemovalIntent has written is gone when it is read again right before the call.
    let isStored = false;
    const { client } = world.server;
    const request = client.request.bind(client);
    client.request = async (raw) => {
      const answer = await request(raw);
      const object = answer as { readonly status?: { readonly removalIntent?: unknown } };
      if (raw.method === "GET" && object.status?.removalIntent !== undefined && !isStored) isStored = true;
      else if (raw.method === "GET" && isStored && object.status?.removalIntent !== undefined) {
        const { removalIntent: _gone, ...status } = object.status;
        return { ...object, status } as never;
      }
      return answer as never;
    };
    await world.look();
    client.request = request;
    expect(world.aws.writes(from)).not.toContain("UpdateTrustAnchor");
    expect(await world.bundle()).toEqual([1, 2]);
  });

  test("is-not-sent-when-its-intent-ends-while-it-waits-for-its-turn", async () => {
    await drained();
    const removal = await waitsForItsTurn(2 * minute);
    expect(removal.sent).toEqual([]);
    expect(removal.failure).toMatch(/^the intent to remove SHA-256 [0-9a-f]{64} does not stand any more$/);
    expect(await world.bundle()).toEqual([1, 2]);
    await world.until(() => world.phases === "1 Retired, 2 Active", hour);
  });

  test("is-sent-when-its-turn-comes-in-time", async () => {
    await drained();
    expect((await waitsForItsTurn(5_000)).sent).toEqual(["UpdateTrustAnchor"]);
    expect(await world.bundle()).toEqual([2]);
  });

  test("names-exactly-what-goes-and-what-stays", async () => {
    await drained();
    const [one, two] = (world.fleet.status?.generations ?? []).map(({ fingerprint = "" }) => fingerprint);
    await world.until(() => world.phases === "1 Retired, 2 Active", hour);
    expect(world.fleet.status?.removalIntent).toMatchObject({ trustAnchor: "prod", removes: [one], remaining: [two] });
  });
});
