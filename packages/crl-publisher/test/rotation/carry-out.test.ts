import { certificateAuthorityResource } from "@capstan/api";
import type { RotationAction } from "@capstan/ca-core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ConfigMap, configMapResource } from "../../src/crl/config-map.ts";
import { carryOut } from "../../src/rotation/carry-out.ts";
import { observe } from "../../src/rotation/observe.ts";
import { rotationPolicyOf } from "../../src/rotation/rotation-policy-of.ts";
import { after, day, ownNamespace, prod } from "../support/objects.ts";
import { RotationWorld } from "../support/rotation-world.ts";

// What single actions do in states that a whole rotation seldom comes by.

let world: RotationWorld;
const signal = new AbortController().signal;

beforeEach(async () => {
  world = await RotationWorld.start();
  await world.look();
});

afterEach(() => world[Symbol.asyncDispose]());

async function act(action: RotationAction): Promise<void> {
  const { options } = world.publisher;
  const seen = await observe(options, "fleet", signal);
  if (seen === undefined) throw new Error("there is no authority");
  await carryOut({ options, seen, signal }, action);
}

const memory = () => world.publisher.options.memories.of("fleet", prod);

test("a-crl-that-somebody-imported-since-the-last-reading-is-found-before-another-is-imported", async () => {
  const { reading } = memory();
  if (reading === undefined) throw new Error("it was not read");
  memory().read({ ...reading, crls: [] }, world.aws.now.getTime(), rotationPolicyOf(world.fleet.spec));
  await act({ do: "ImportCrl", anchor: "prod", generation: 1 });
  expect(await world.aws.controlPlane.listCrls()).toHaveLength(1);
  expect(world.aws.writes().filter((name) => name === "ImportCrl")).toHaveLength(1);
});

test("a-root-that-was-kept-with-its-key-alone-is-kept-elsewhere-before-the-key-is-deleted", async () => {
  const ref = { namespace: ownNamespace, name: "fleet-1" };
  const { data, ...map } = world.server.read(configMapResource, ref) as ConfigMap;
  const { "root.pem": _root, ...rest } = data ?? {};
  world.server.put(configMapResource, { ...map, data: rest });
  world.server.next("DELETE", /secrets\/fleet-1$/, () => {
    expect((world.server.read(configMapResource, ref) as ConfigMap).data).toEqual(data);
  });
  await act({ do: "DestroyKey", generation: 1, at: 0 });
  expect(world.keys).toEqual([]);
});

describe("a bundle is not written", () => {
  test("with-a-certificate-that-nobody-has", async () => {
    const from = world.aws.count;
    await act({ do: "WriteAnchor", anchor: "prod", bundle: ["ff".repeat(32)], removes: [] });
    expect(world.aws.writes(from)).toEqual([]);
    expect(memory().failure?.message).toBe(`the certificate with SHA-256 ${"ff".repeat(32)} is nowhere to be had`);
  });

  test.each([
    ["without-an-intent", undefined],
    ["by-an-intent-for-another-anchor", { trustAnchor: "other", expiresAt: after(day).toISOString() }],
    ["by-an-intent-that-has-expired", { trustAnchor: "prod", expiresAt: after(-1).toISOString() }],
    [
      "by-an-intent-that-leaves-something-else",
      { trustAnchor: "prod", remaining: ["aa"], expiresAt: after(day).toISOString() },
    ],
  ])("less-a-certificate-%s", async (_fact, intent) => {
    const root = world.fleet.status?.generations?.[0]?.fingerprint ?? "";
    const removalIntent = intent && { remaining: [root], removes: ["bb"], ...intent };
    world.server.put(certificateAuthorityResource, {
      ...world.fleet,
      status: { ...world.fleet.status, ...(removalIntent === undefined ? {} : { removalIntent }) },
    });
    const from = world.aws.count;
    await act({ do: "WriteAnchor", anchor: "prod", bundle: [root], removes: ["bb"] });
    expect(world.aws.writes(from)).toEqual([]);
  });

  test("of-an-anchor-that-the-spec-does-not-name", async () => {
    await expect(act({ do: "WriteAnchor", anchor: "other", bundle: [], removes: [] })).rejects.toThrow(TypeError);
  });
});

test("generations-that-are-over-are-forgotten-beyond-the-newest-sixteen-and-their-numbers-are-not", async () => {
  const [active] = world.fleet.status?.generations ?? [];
  const over = Array.from({ length: 20 }, (_, index) => ({
    ...active,
    number: index + 1,
    phase: "Destroyed" as const,
  }));
  world.server.put(certificateAuthorityResource, {
    ...world.fleet,
    status: { ...world.fleet.status, highestGeneration: 21, generations: [...over, { ...active, number: 21 }] },
  });
  await act({ do: "SetPhases", changes: [{ generation: 20, phase: "Destroyed" }], at: world.aws.now.getTime() });
  expect(world.fleet.status?.generations?.map(({ number }) => number)).toEqual([
    ...Array.from({ length: 16 }, (_, index) => index + 5),
    21,
  ]);
  expect(world.fleet.status?.highestGeneration).toBe(21);
});

test("a-generation-that-was-given-up-is-not-forgotten-before-its-key-is-destroyed", async () => {
  const [active] = world.fleet.status?.generations ?? [];
  // The first one has a Secret, the others have none.
  const over = Array.from({ length: 20 }, (_, index) => ({
    ...active,
    number: index + 1,
    phase: "Abandoned" as const,
  }));
  world.server.put(certificateAuthorityResource, {
    ...world.fleet,
    status: { ...world.fleet.status, highestGeneration: 20, generations: over },
  });
  await act({ do: "SetPhases", changes: [{ generation: 20, phase: "Abandoned" }], at: world.aws.now.getTime() });
  expect(world.fleet.status?.generations?.map(({ number }) => number)).toEqual([
    1,
    ...Array.from({ length: 16 }, (_, index) => index + 5),
  ]);
});
