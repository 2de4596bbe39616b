import { expect, test } from "vitest";
import { day } from "../support/objects.ts";
import { RotationWorld } from "../support/rotation-world.ts";

test("of-a-root-that-has-ended-the-last-crl-is-kept-and-no-other-is-asked-for", async () => {
  await using world = await RotationWorld.start();
  await world.look();
  const crlOf = () => world.publisher.options.crls.of("fleet", 1);
  const before = crlOf()?.stored?.number;
  expect(before).toBeDefined();
  // Nothing can take over while AWS is away.
  world.aws.emulator.setAvailable(false);
  world.advance(366 * day);

  await world.look();

  expect(crlOf()?.problem).toBeUndefined();
  expect(crlOf()?.stored?.number).toBe(before);
  expect(world.said.filter((text) => text.startsWith("CRLCurrent False"))).toEqual([]);
});
