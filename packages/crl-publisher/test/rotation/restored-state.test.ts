import { issuedCertificateResource } from "@capstan/api";
import { parseSerial, readCrl } from "@capstan/ca-core";
import type { RolesAnywhereControlPlane } from "@capstan/rolesanywhere";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hour, minute, record, revokedAt } from "../support/objects.ts";
import { Publisher, RotationWorld } from "../support/rotation-world.ts";

// The state of an hour ago is back, as from a backup of etcd: it does not know that a leaf was revoked.

const serial = "4f1c";
let world: RotationWorld;
let backup: ReturnType<RotationWorld["server"]["snapshot"]>;

beforeEach(async () => {
  world = await RotationWorld.start();
  await world.look();
  backup = world.server.snapshot();
  world.advance(2 * hour);
  world.server.put(issuedCertificateResource, record({ spec: { serial }, status: revokedAt(world.aws.now) }));
  await world.look();
  world.advance(minute);
  await world.look();
  expect(await isRevokedInAws()).toBe(true);
});

afterEach(() => world[Symbol.asyncDispose]());

const crlInAws = async () => readCrl((await world.aws.controlPlane.listCrls())[0]?.crlPem ?? "");
const isRevokedInAws = async (): Promise<boolean> => (await crlInAws()).entries.has(parseSerial(serial));

/** What keeps a new process from knowing what AWS holds before it has to say what is revoked. */
const hindrances: Readonly<Record<string, () => Promise<void>>> = {
  async "AWS is away"() {
    world.restart();
    world.aws.emulator.setAvailable(false);
    await world.look();
    world.aws.emulator.setAvailable(true);
  },
  async "AWS answers later than anybody waits"() {
    const answer = Promise.withResolvers<undefined>();
    const { controlPlane } = world.aws;
    let calls = 0;
    const slow = new Proxy(controlPlane, {
      get(target, name: keyof RolesAnywhereControlPlane) {
        const method = target[name] as (...args: unknown[]) => unknown;
        return async (...args: unknown[]) => {
          calls += 1;
          await answer.promise;
          return method.apply(target, args);
        };
      },
    });
    world.publisher = new Publisher(world, { controlPlaneOf: () => slow, patienceMs: 1 });
    await world.look();
    expect(calls).toBeGreaterThan(0);
    answer.resolve(undefined);
  },
};

const rounds = async (): Promise<void> => {
  for (let round = 0; round < 5; round += 1) {
    world.advance(minute);
    // Until calls that were left behind have ended.
    await Promise.all(
      (world.fleet.spec.trustAnchors ?? []).map((anchor) =>
        world.publisher.options.memories.of("fleet", anchor).ended(),
      ),
    );
    await world.look();
  }
};

describe.each(Object.keys(hindrances))("where %s when the publisher starts", (name) => {
  test("a-CRL-of-the-restored-state-does-not-take-the-place-of-the-one-in-AWS", async () => {
    world.server.restore(backup);
    await hindrances[name]?.();
    // Who fetches it from us gets one all the same.
    const { number = 0n } = world.publisher.options.crls.of("fleet", 1) ?? {};
    expect([number > 0n, number < (await crlInAws()).number]).toEqual([true, true]);
    await rounds();
    expect(await isRevokedInAws()).toBe(true);
    expect(world.said).toContain("Rotating False StateBehind");
  });

  test("a-Recover-that-was-ordered-before-takes-over-what-AWS-revokes", async () => {
    world.server.restore(backup);
    world.order("back", { kind: "Recover" });
    await hindrances[name]?.();
    await world.until(() => world.outcome("back").startsWith("Done"), hour);
    await rounds();
    expect(await isRevokedInAws()).toBe(true);
    expect(world.publisher.options.crls.of("fleet", 1)?.stored?.serials.has(serial)).toBe(true);
  });

  test("without-a-restore-what-was-numbered-low-is-numbered-by-the-clock-before-AWS-gets-it", async () => {
    const before = (await crlInAws()).number;
    world.advance(2 * hour);
    await hindrances[name]?.();
    expect(world.publisher.options.crls.of("fleet", 1)?.number).toBe(before + 1n);
    await rounds();
    expect(Number((await crlInAws()).number)).toBeGreaterThan(world.aws.now.getTime() - 10 * minute);
    expect(await isRevokedInAws()).toBe(true);
  });
});
