import { certificateAuthorityResource, revocationListResource } from "@capstan/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { configMapResource } from "../../src/crl/config-map.ts";
import { after, authority, day, hour, ownNamespace } from "../support/objects.ts";
import { RotationWorld } from "../support/rotation-world.ts";

let world: RotationWorld;

beforeEach(async () => {
  world = await RotationWorld.start({ trustAnchors: [] });
  await world.look();
  world.raiseMark(1, after(day));
});

afterEach(() => world[Symbol.asyncDispose]());

const ref = { namespace: ownNamespace, name: "fleet-1" };
const isKept = (): readonly boolean[] =>
  [revocationListResource, configMapResource].map((type) => world.server.read(type, ref) !== undefined);
const isSealed = (number: number): boolean => world.mark(number).status?.sealed === true;

const release = (): void => {
  world.delete();
  world.order("let-go", { kind: "Release", aws: "Keep" });
};
/** As somebody who applies the same file again. */
const recreate = (): void => {
  const again = authority({ spec: { trustAnchors: [] } });
  world.server.put(certificateAuthorityResource, { ...again, metadata: { ...again.metadata, uid: "uid-again" } });
};

test("a-key-stays-as-long-as-its-authority-waits-for-the-last-leaf", async () => {
  world.delete();
  await world.look();
  expect(world.isGone).toBe(false);
  expect(world.keys).toEqual([1]);
  expect(isSealed(1)).toBe(false);
});

test.each<[fact: string, go: () => Promise<void>]>([
  [
    "when-its-leaves-have-ended",
    async () => {
      world.delete();
      world.advance(day);
      await world.until(() => world.isGone, hour);
    },
  ],
  [
    "with-a-release",
    async () => {
      release();
      await world.look();
    },
  ],
])("%s-the-key-is-destroyed-the-mark-sealed-and-the-crl-stays", async (_fact, go) => {
  await go();
  expect(world.isGone).toBe(true);
  expect(world.keys).toEqual([]);
  expect(isSealed(1)).toBe(true);
  expect(isKept()).toEqual([true, true]);
});

describe("an authority of the same name that is made later", () => {
  test("goes-on-counting-with-a-mark-of-its-own", async () => {
    release();
    await world.look();
    const old = world.mark(1);
    recreate();
    await world.look();
    expect(world.phases).toBe("2 Active");
    expect(world.keys).toEqual([2]);
    expect(world.mark(1)).toEqual(old);
    expect(isSealed(2)).toBe(false);
  });

  test("uses-no-number-that-was-only-ever-seen", async () => {
    const { fleet } = world;
    world.server.put(certificateAuthorityResource, { ...fleet, status: { ...fleet.status, highestGeneration: 3 } });
    release();
    await world.look();
    expect([1, 2, 3].map(isSealed)).toEqual([true, true, true]);
    recreate();
    await world.look();
    expect(world.phases).toBe("4 Active");
  });
});

describe("cut off", () => {
  test.each<[fact: string, method: string, path: RegExp, fault: "lose the answer" | "lose the request"]>([
    ["before-the-seal", "PATCH", /generationmarks/, "lose the request"],
    ["after-the-seal", "PATCH", /generationmarks/, "lose the answer"],
    ["before-the-key-is-destroyed", "DELETE", /secrets/, "lose the request"],
    ["after-the-key-is-destroyed", "DELETE", /secrets/, "lose the answer"],
    ["before-the-finalizer-goes", "PUT", /certificateauthorities/, "lose the request"],
  ])("%s-it-goes-on-at-the-next-look", async (_fact, method, path, fault) => {
    release();
    world.server.next(method, path, fault);
    await expect(world.look()).rejects.toMatchObject({ code: "ERR_KUBE_CONNECTION" });
    expect(world.isGone).toBe(false);
    world.restart();
    await world.until(() => world.isGone, hour);
    expect(world.keys).toEqual([]);
    expect(isSealed(1)).toBe(true);
  });

  test("no-key-is-destroyed-before-its-mark-is-sealed", async () => {
    release();
    world.server.next("PATCH", /generationmarks/, { refuse: 500, reason: "InternalError" });
    await expect(world.look()).rejects.toMatchObject({ code: 500 });
    expect(world.keys).toEqual([1]);
  });

  test("no-key-is-destroyed-of-another-authority-of-the-name", async () => {
    release();
    world.server.next("PATCH", /generationmarks/, recreate);
    await expect(world.look()).rejects.toMatchObject({ code: "ERR_NOT_BEING_DELETED" });
    expect(world.keys).toEqual([1]);
  });
});
