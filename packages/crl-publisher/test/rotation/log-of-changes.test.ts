import { afterEach, beforeEach, expect, test } from "vitest";
import { hour } from "../support/objects.ts";
import { type LogLine, RotationWorld } from "../support/rotation-world.ts";

let world: RotationWorld;

beforeEach(async () => {
  world = await RotationWorld.start();
  await world.until(() => world.said.includes("TrustAnchorsInSync True ReadBack"), hour);
});

afterEach(() => world[Symbol.asyncDispose]());

/** The lines about changes in AWS, less what every line has. */
const changes = (): readonly LogLine[] => world.logLines.filter(({ msg }) => msg === "AWS took a change");
const crlNumber = (): number | undefined => world.fleet.status?.generations?.[0]?.crl?.number;

test("each change in AWS is logged with the id that AWS gave the call, a CRL with its number", async () => {
  const number = crlNumber();
  expect(
    changes().map(({ operation, trustAnchor, generation, crlNumber: sent }) => [
      operation,
      trustAnchor,
      generation,
      sent,
    ]),
  ).toEqual([
    ["CreateTrustAnchor", "prod", undefined, undefined],
    ["ImportCrl", "prod", 1, number],
  ]);

  await world.until(() => changes().length > 2, 2 * hour);
  const [crl] = await world.aws.controlPlane.listCrls();
  expect(crlNumber()).toBeGreaterThan(number ?? 0);
  expect(changes()[2]).toMatchObject({ operation: "UpdateCrl", generation: 1, crlNumber: crlNumber(), crlId: crl?.id });

  const ids = changes().map(({ requestId }) => String(requestId));
  for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(new Set(ids).size).toBe(ids.length);
});

test("what is signed and what is sent have one CRL number in the log", async () => {
  const signed = world.logLines.filter(({ msg }) => msg === "signed a CRL").map(({ crlNumber: number }) => number);
  expect(signed).toEqual(changes().flatMap(({ crlNumber: number }) => (number === undefined ? [] : [number])));
});

test("a change that AWS refuses is not logged as taken", async () => {
  const before = changes().length;
  world.order("stop", { kind: "DisableTrustAnchor", trustAnchor: "prod" });
  world.aws.controlPlane.disableTrustAnchor = () => Promise.reject(new Error("refused"));
  await world.look();
  expect(changes()).toHaveLength(before);
  expect(world.logLines.map(({ msg }) => msg)).toContain("a call for a trust anchor failed");
});
