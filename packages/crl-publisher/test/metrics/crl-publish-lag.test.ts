import { issuedCertificateResource } from "@capstan/api";
import { createMetrics } from "@capstan/kube";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createPublisherMetrics } from "../../src/metrics/publisher-metrics.ts";
import { minute, record, revokedAt } from "../support/objects.ts";
import { RotationWorld } from "../support/rotation-world.ts";

let world: RotationWorld;

beforeEach(async () => {
  world = await RotationWorld.start();
  await world.look();
});

afterEach(() => world[Symbol.asyncDispose]());

/** Scraped from what status says now, in minutes. */
async function lag(): Promise<number> {
  const runtime = createMetrics();
  createPublisherMetrics(runtime, {
    authorities: { list: () => [world.fleet] },
    lists: { list: () => [] },
    clocks: { kubernetes: () => undefined, aws: () => undefined },
    now: () => world.aws.now,
  });
  const told = await runtime.registry.metrics();
  const [, value] = /^capstan_crl_publish_lag_seconds\{.*\} (.*)$/mu.exec(told) ?? [];
  return Math.round(Number(value) / 60);
}

/** Every eight minutes a leaf is revoked: the lag a minute after each, six times. */
async function revokeOn(): Promise<readonly number[]> {
  const lags: number[] = [];
  for (const serial of ["1a", "2a", "3a", "4a", "5a", "6a"]) {
    const { spec } = record({ spec: { serial } });
    const leaf = record({ name: serial, spec, status: revokedAt(world.aws.now) });
    world.server.put(issuedCertificateResource, leaf);
    await world.look();
    world.advance(minute);
    await world.look();
    lags.push(await lag());
    world.advance(7 * minute);
  }
  return lags;
}

test("while AWS refuses each new CRL the lag grows, however often one is made, and ends with the refusal", async () => {
  expect(await lag()).toBe(0);
  world.aws.emulator.injectFault({ fault: { kind: "access-denied" }, operation: "UpdateCrl" });
  const made = world.fleet.status?.generations?.[0]?.crl?.number ?? 0;
  const first = await revokeOn();
  expect(world.fleet.status?.generations?.[0]?.crl?.number).toBeGreaterThan(made + 4);
  expect(first.map((one) => one - (first[0] ?? 0))).toEqual([0, 8, 16, 24, 32, 40]);

  world.aws.emulator.removeFaults();
  world.advance(2 * minute);
  await world.look();
  expect(await lag()).toBe(0);
});

test("while AWS takes each new CRL there is no lag", async () => {
  expect(await revokeOn()).toEqual([0, 0, 0, 0, 0, 0]);
});

test("a CRL that AWS does not take at all lags since its root began", async () => {
  const [crl] = await world.aws.controlPlane.listCrls();
  await world.aws.deleteCrl(crl?.id ?? "");
  world.aws.emulator.injectFault({ fault: { kind: "access-denied" }, operation: "ImportCrl" });
  world.advance(20 * minute);
  await world.look();
  expect(world.fleet.status?.trustAnchors?.[0]?.crls).toEqual([]);
  expect(await lag()).toBeGreaterThanOrEqual(20);
});
