import { afterEach, describe, expect, test } from "vitest";
import { createMetrics, LeaderElector, type LeaderElectorOptions, LeadershipLostError } from "../src/index.ts";
import type { Lease } from "../src/lease.ts";
import { LeaseApi, leasesPath } from "./lease-api.ts";
import { ManualClock } from "./manual-clock.ts";
import { capturedLog } from "./objects.ts";
import { eventually, type Exchange, type Step } from "./scripted-server.ts";

interface Candidate {
  readonly elector: LeaderElector;
  readonly clock: ManualClock;
  readonly leading: Promise<number | undefined>;
  readonly lines: Record<string, unknown>[];
  epochWhenLeading: number | undefined;
}

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function leaseApi(): Promise<LeaseApi> {
  const api = await LeaseApi.start();
  cleanups.push(() => api.server.close());
  return api;
}

function candidate(
  api: LeaseApi,
  identity: string,
  options: Partial<LeaderElectorOptions> = {},
  clock = new ManualClock(),
): Candidate {
  const { log, lines } = capturedLog();
  const elector = new LeaderElector({
    connection: api.server.connection(),
    userAgent: "t",
    namespace: "capstan-system",
    name: "issuer",
    identity,
    log,
    clock,
    jitter: () => 0,
    ...options,
  });
  const leading = elector.start();
  const result: Candidate = { elector, clock, leading, lines, epochWhenLeading: undefined };
  void leading.then((epoch) => (result.epochWhenLeading = epoch));
  cleanups.push(() => elector.stop());
  return result;
}

/** Lets a candidate make its next try, and waits for its end. */
async function nextTry(api: LeaseApi, candidate: Candidate, ms = 5_000): Promise<void> {
  const before = api.server.seen.length;
  candidate.clock.advance(ms);
  await eventually(() => expect(api.server.seen.length).toBeGreaterThan(before));
  await settled(api, candidate);
}

async function settled(api: LeaseApi, { clock, elector }: Candidate): Promise<void> {
  await eventually(() => {
    expect(api.server.exchanges.every((exchange) => exchange.isClosed)).toBe(true);
    expect(clock.timers).toBe(elector.isLeader ? 2 : 1); // retry, and the deadline of a leader
  });
}

describe("acquiring", () => {
  test("creates the lease with epoch 1, six decimals and no transition", async () => {
    const api = await leaseApi();
    const a = candidate(api, "a");
    expect(await a.leading).toBe(1);
    expect(api.lease).toEqual({
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: {
        namespace: "capstan-system",
        name: "issuer",
        resourceVersion: "1",
        annotations: { "capstan.dev/epoch": "1" },
      },
      spec: {
        holderIdentity: "a",
        leaseDurationSeconds: 30,
        acquireTime: "2026-01-01T00:00:00.000000Z",
        renewTime: "2026-01-01T00:00:00.000000Z",
        leaseTransitions: 0,
      },
    });
    expect(api.server.seen.map((seen) => [seen.method, seen.path])).toEqual([
      ["GET", `${leasesPath}/issuer`],
      ["POST", leasesPath],
    ]);
    expect([a.elector.isLeader, a.elector.epoch]).toEqual([true, 1]);
  });

  test("takes a released lease at once, with the next epoch, and counts the transition", async () => {
    const api = await leaseApi();
    const a = candidate(api, "a");
    await a.leading;
    await a.elector.stop();
    expect(api.lease?.spec).toMatchObject({ holderIdentity: "", leaseDurationSeconds: 1 });
    const b = candidate(api, "b");
    expect(await b.leading).toBe(2);
    expect(api.lease?.spec).toMatchObject({ holderIdentity: "b", leaseTransitions: 1, leaseDurationSeconds: 30 });
    expect(api.lease?.metadata.annotations).toEqual({ "capstan.dev/epoch": "2" });
  });

  test("waits for a lease that is renewed, for as long as it is renewed", async () => {
    const api = await leaseApi();
    const a = candidate(api, "a");
    await a.leading;
    const b = candidate(api, "b");
    await settled(api, b);
    for (let rounds = 0; rounds < 12; rounds += 1) {
      await nextTry(api, a);
      await nextTry(api, b);
    }
    expect(b.elector.isLeader).toBe(false);
    expect(a.elector.isLeader).toBe(true);
  });

  test("takes over 30 s after it last saw the lease change, not sooner", async () => {
    const api = await leaseApi();
    const a = candidate(api, "a");
    await a.leading;
    const b = candidate(api, "b");
    await settled(api, b);
    for (let rounds = 1; rounds <= 5; rounds += 1) {
      await nextTry(api, b);
      expect(b.elector.isLeader).toBe(false);
    }
    await nextTry(api, b);
    expect(await b.leading).toBe(2);
  });

  test.each([-86_400_000, 86_400_000])("a wall clock that is off by %d ms changes nothing", async (skew) => {
    const api = await leaseApi();
    const a = candidate(api, "a");
    await a.leading;
    const clock = new ManualClock();
    clock.skewWallClock(skew);
    const b = candidate(api, "b", {}, clock);
    await settled(api, b);
    for (let rounds = 1; rounds <= 5; rounds += 1) {
      await nextTry(api, b);
      expect(b.elector.isLeader).toBe(false);
    }
    clock.skewWallClock(-3 * skew);
    await nextTry(api, b);
    expect(await b.leading).toBe(2);
  });

  test("waits as long as the holder says, when that is longer", async () => {
    const api = await leaseApi();
    api.store({
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { namespace: "capstan-system", name: "issuer" },
      spec: { holderIdentity: "old version", leaseDurationSeconds: 60 },
    });
    const b = candidate(api, "b");
    await settled(api, b);
    await nextTry(api, b, 55_000);
    expect(b.elector.isLeader).toBe(false);
    await nextTry(api, b);
    expect(await b.leading).toBe(1);
  });

  test("two at the same moment: the API server lets one through", async () => {
    const api = await leaseApi();
    const held: Exchange[] = [];
    // Both read "not found" before either writes.
    api.always = (exchange) => {
      held.push(exchange);
      if (held.length === 2) for (const waiting of held) api.answer(waiting);
      if (held.length === 2) api.always = undefined;
    };
    const [a, b] = [candidate(api, "a"), candidate(api, "b")];
    await eventually(() => expect(a.elector.isLeader || b.elector.isLeader).toBe(true));
    await Promise.all([settled(api, a), settled(api, b)]);
    expect([a.elector.isLeader, b.elector.isLeader].filter(Boolean)).toHaveLength(1);
    expect(api.writes).toHaveLength(2);
  });

  test("a take-over that meets a rival's write is not one", async () => {
    const api = await leaseApi();
    const a = candidate(api, "a");
    await a.leading;
    const b = candidate(api, "b");
    await settled(api, b);
    b.clock.pause(30_000);
    // Just before b's PUT arrives, a renews.
    api.instead.push(
      (exchange) => {
        api.answer(exchange);
      },
      (exchange) => {
        if (api.lease !== undefined) api.store(api.lease);
        api.answer(exchange);
      },
    );
    await nextTry(api, b);
    expect(b.elector.isLeader).toBe(false);
    expect(api.lease?.spec?.holderIdentity).toBe("a");
  });

  test("a write that timed out but went through is found, with its epoch", async () => {
    const api = await leaseApi();
    api.instead.push(
      (exchange) => {
        api.answer(exchange);
      },
      (exchange) => {
        api.store(JSON.parse(exchange.seen.body) as Lease);
        exchange.reset();
      },
    );
    const a = candidate(api, "a");
    await settled(api, a);
    expect(a.elector.isLeader).toBe(false);
    await nextTry(api, a);
    expect(await a.leading).toBe(1);
    expect(api.lease?.spec?.leaseTransitions).toBe(0);
  });

  test("one that is answered only after its deadline is none yet: the next try finds it, with its epoch", async () => {
    const api = await leaseApi();
    const held: Exchange[] = [];
    api.instead.push(
      (exchange) => {
        api.answer(exchange);
      },
      (exchange) => void held.push(exchange),
    );
    const a = candidate(api, "a");
    await eventually(() => expect(held).toHaveLength(1));
    a.clock.advance(20_000);
    for (const exchange of held) api.answer(exchange);
    await settled(api, a);
    expect([a.elector.isLeader, a.elector.epoch, a.elector.lost.aborted]).toEqual([false, undefined, false]);
    await nextTry(api, a);
    expect(await a.leading).toBe(1);
  });

  test("an epoch known from elsewhere is exceeded when the lease was deleted", async () => {
    const api = await leaseApi();
    const a = candidate(api, "a", { epochFloor: () => Promise.resolve(41) });
    expect(await a.leading).toBe(42);
    expect(api.lease?.metadata.annotations?.["capstan.dev/epoch"]).toBe("42");
  });

  test("a damaged epoch keeps everybody from leading", async () => {
    const api = await leaseApi();
    api.store({
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { namespace: "capstan-system", name: "issuer", annotations: { "capstan.dev/epoch": "many" } },
      spec: { holderIdentity: "" },
    });
    const a = candidate(api, "a");
    await settled(api, a);
    expect(a.elector.isLeader).toBe(false);
    expect(api.writes).toEqual([]);
    expect(a.lines.at(-1)).toMatchObject({
      err: { message: expect.stringContaining('capstan.dev/epoch is "many", not a whole number') },
    });
  });

  test.each<[string, Step]>([
    [
      "500",
      (exchange) => {
        exchange.status(500, "InternalError");
      },
    ],
    [
      "403",
      (exchange) => {
        exchange.status(403, "Forbidden");
      },
    ],
    [
      "a reset",
      (exchange) => {
        exchange.reset();
      },
    ],
  ])("goes on trying after %s, each five seconds and a jitter of up to 1.2 times that", async (_, step) => {
    const api = await leaseApi();
    api.instead.push(step, step);
    const a = candidate(api, "a", { jitter: () => 0.5 });
    await settled(api, a);
    expect(a.clock.nextTimerMs).toBe(8_000);
    await nextTry(api, a, 8_000);
    await nextTry(api, a, 8_000);
    expect(await a.leading).toBe(1);
  });
});

test("nobody else can lead for the rest of the lease, and at least ten seconds are left of it while it is held", async () => {
  const api = await leaseApi();
  const a = candidate(api, "a");
  expect(a.elector.remainingMs).toBe(0);
  await a.leading;
  await settled(api, a);
  expect(a.elector.remainingMs).toBe(30_000);
  await nextTry(api, a);
  expect(a.elector.remainingMs).toBe(30_000);
  api.instead.push(...Array.from({ length: 4 }, () => () => undefined));
  a.clock.advance(4_999);
  expect(a.elector.remainingMs).toBe(25_001);
  a.clock.advance(15_000);
  expect([a.elector.isLeader, a.elector.remainingMs]).toEqual([true, 10_001]);
  a.clock.advance(1);
  expect([a.elector.isLeader, a.elector.remainingMs]).toEqual([false, 0]);
});

describe("renewing", () => {
  test("writes with the last resourceVersion each five seconds and keeps acquireTime", async () => {
    const api = await leaseApi();
    const a = candidate(api, "a");
    await a.leading;
    await settled(api, a);
    await nextTry(api, a);
    await nextTry(api, a);
    const renewal = api.writes.at(-1);
    expect(renewal?.metadata.resourceVersion).toBe("2");
    expect(renewal?.spec).toMatchObject({
      acquireTime: "2026-01-01T00:00:00.000000Z",
      renewTime: "2026-01-01T00:00:10.000000Z",
      leaseTransitions: 0,
    });
    expect(a.elector.epoch).toBe(1);
  });

  test("a 409 because of somebody's annotation is written over without losing it", async () => {
    const api = await leaseApi();
    const a = candidate(api, "a");
    await a.leading;
    await settled(api, a);
    const { lease } = api;
    if (lease === undefined) throw new Error("no lease");
    api.store({ ...lease, metadata: { ...lease.metadata, annotations: { ...lease.metadata.annotations, note: "x" } } });
    await nextTry(api, a);
    expect(a.elector.isLeader).toBe(true);
    expect(api.lease?.metadata.annotations).toEqual({ "capstan.dev/epoch": "1", note: "x" });
    expect(api.lease?.spec?.renewTime).toBe("2026-01-01T00:00:05.000000Z");
  });

  test("a 409 because of a rival ends leadership at once", async () => {
    const api = await leaseApi();
    const metrics = createMetrics();
    const a = candidate(api, "a", { metrics });
    await a.leading;
    await settled(api, a);
    const { lease } = api;
    if (lease === undefined) throw new Error("no lease");
    api.store({ ...lease, spec: { ...lease.spec, holderIdentity: "b" } });
    a.clock.advance(5_000);
    await eventually(() => expect(a.elector.lost.aborted).toBe(true));
    expect(a.elector.lost.reason).toBeInstanceOf(LeadershipLostError);
    expect(String(a.elector.lost.reason)).toContain('it is held by "b" now');
    expect([a.elector.isLeader, a.elector.epoch]).toEqual([false, undefined]);
    expect(await metrics.registry.getSingleMetricAsString("leader_election_master_status")).toContain(
      '{name="issuer"} 0',
    );
    const { length } = api.server.seen;
    a.clock.advance(600_000);
    await a.elector.stop();
    expect(api.server.seen).toHaveLength(length); // neither tried again nor released what is another's
  });

  test("a deleted lease is made again with the same epoch", async () => {
    const api = await leaseApi();
    const a = candidate(api, "a", { epochFloor: () => Promise.resolve(6) });
    await a.leading;
    await settled(api, a);
    api.lease = undefined;
    api.instead.push((exchange) => {
      exchange.status(409, "Conflict");
    });
    await nextTry(api, a);
    await eventually(() => expect(api.lease?.metadata.annotations?.["capstan.dev/epoch"]).toBe("7"));
    expect(a.elector.isLeader).toBe(true);
  });

  test.each<[string, Step | undefined]>([
    [
      "fails",
      (exchange) => {
        exchange.status(500, "InternalError");
      },
    ],
    [
      "is reset",
      (exchange) => {
        exchange.reset();
      },
    ],
    ["is met with silence", () => {}],
  ])("leadership ends 20 s after the start of the last renewal when every later one %s", async (_, step) => {
    const api = await leaseApi();
    const a = candidate(api, "a");
    await a.leading;
    await settled(api, a);
    await nextTry(api, a);
    api.always = step;
    a.clock.advance(19_999);
    expect([a.elector.isLeader, a.elector.lost.aborted]).toEqual([true, false]);
    a.clock.advance(1);
    expect([a.elector.isLeader, a.elector.lost.aborted]).toEqual([false, true]);
    expect(String(a.elector.lost.reason)).toContain("it could not be renewed in time");
  });

  test("a renewal counts from when it was sent, however late its answer is", async () => {
    const api = await leaseApi();
    const a = candidate(api, "a");
    await a.leading;
    await settled(api, a);
    const held: Exchange[] = [];
    api.always = (exchange) => void held.push(exchange);
    a.clock.advance(5_000);
    await eventually(() => expect(held).toHaveLength(1));
    a.clock.advance(9_000);
    for (const exchange of held) api.answer(exchange);
    api.always = () => {};
    await settled(api, a);
    a.clock.pause(10_999);
    expect(a.elector.isLeader).toBe(true);
    a.clock.pause(1); // and no timer rings
    expect([a.elector.isLeader, a.elector.epoch]).toEqual([false, undefined]);
  });

  test("one failed renewal is made up for by the next", async () => {
    const api = await leaseApi();
    const a = candidate(api, "a");
    await a.leading;
    await settled(api, a);
    api.instead.push((exchange) => {
      exchange.status(500, "InternalError");
    });
    await nextTry(api, a);
    await nextTry(api, a);
    a.clock.advance(15_000);
    expect(a.elector.isLeader).toBe(true);
  });

  test("a leader that was paused past its deadline does not believe itself, before any timer rings", async () => {
    const api = await leaseApi();
    const a = candidate(api, "a");
    await a.leading;
    await settled(api, a);
    a.clock.pause(20_000);
    expect(a.elector.isLeader).toBe(false);
    const { length } = api.server.seen;
    a.clock.ringNext(); // the next try, before the deadline's own timer
    await eventually(() => expect(a.elector.lost.aborted).toBe(true));
    expect(api.server.seen).toHaveLength(length);
  });

  test("never do two lead by their own clocks, whichever is paused", async () => {
    const api = await leaseApi();
    const a = candidate(api, "a");
    await a.leading;
    await settled(api, a);
    const b = candidate(api, "b");
    await settled(api, b);
    // a is stopped; time goes by for both, but only b runs.
    for (let rounds = 1; rounds <= 6; rounds += 1) {
      a.clock.pause(5_000);
      await nextTry(api, b);
      expect(a.elector.isLeader && b.elector.isLeader).toBe(false);
    }
    expect(await b.leading).toBe(2);
    expect(a.elector.isLeader).toBe(false);
    a.clock.advance(0);
    await eventually(() => expect(a.elector.lost.aborted).toBe(true));
    expect(api.lease?.spec?.holderIdentity).toBe("b");
  });
});

describe("stopping", () => {
  test("before it leads writes nothing and resolves start with undefined", async () => {
    const api = await leaseApi();
    const a = candidate(api, "a");
    await a.leading;
    const b = candidate(api, "b");
    await settled(api, b);
    const { length } = api.writes;
    await b.elector.stop();
    expect(await b.leading).toBeUndefined();
    expect(api.writes).toHaveLength(length);
  });

  test("releases once more when a late renewal of its own came in between", async () => {
    const api = await leaseApi();
    const a = candidate(api, "a");
    await a.leading;
    await settled(api, a);
    api.instead.push((exchange) => {
      api.answer(exchange);
      if (api.lease !== undefined) api.store(api.lease);
    });
    await a.elector.stop();
    expect(api.lease?.spec?.holderIdentity).toBe("");
    expect(api.lease?.metadata.annotations?.["capstan.dev/epoch"]).toBe("1");
  });

  test("does not believe to lead while it releases", async () => {
    const api = await leaseApi();
    const a = candidate(api, "a");
    await a.leading;
    await settled(api, a);
    const beliefs: unknown[] = [];
    api.always = (exchange) => {
      beliefs.push([a.elector.isLeader, a.elector.epoch]);
      api.answer(exchange);
    };
    await a.elector.stop();
    expect(beliefs).toEqual([
      [false, undefined],
      [false, undefined],
    ]);
  });

  test("does not fail when the release does", async () => {
    const api = await leaseApi();
    const a = candidate(api, "a");
    await a.leading;
    api.always = (exchange) => {
      exchange.status(503, "ServiceUnavailable");
    };
    await a.elector.stop();
    expect(a.lines.at(-1)).toMatchObject({ level: "warn", msg: "could not release the lease: it runs out by itself" });
  });
});

test.each<[string, Partial<LeaderElectorOptions>]>([
  ["a deadline that is not below the lease", { leaseDurationMs: 20_000 }],
  ["a retry period that leaves no second try", { retryPeriodMs: 17_000 }],
])("%s is refused", async (_, options) => {
  const api = await leaseApi();
  expect(() => candidate(api, "a", options)).toThrow(RangeError);
});

test("every elector without a given identity has its own", async () => {
  const api = await leaseApi();
  const make = (): string =>
    new LeaderElector({
      connection: api.server.connection(),
      userAgent: "t",
      namespace: "n",
      name: "l",
      log: capturedLog().log,
    }).identity;
  expect(make()).not.toBe(make());
});
