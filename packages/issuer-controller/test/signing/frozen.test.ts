import { type CertificateAuthority, certificateAuthorityResource } from "@capstan/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { World } from "../support/world.ts";

const since = "2026-11-22T03:00:00Z";

let world: World;

beforeEach(async () => {
  world = await World.start();
});

afterEach(() => world[Symbol.asyncDispose]());

function setFrozen(isFrozen: boolean): void {
  const fleet = world.server.read(certificateAuthorityResource, { name: "fleet" }) as CertificateAuthority;
  const { frozen: _frozen, ...status } = fleet.status ?? {};
  world.server.put(certificateAuthorityResource, {
    ...fleet,
    status: isFrozen ? { ...status, frozen: { holds: ["Operator"], order: 1, since } } : status,
  });
}

describe("while issuing is held", () => {
  test("nothing-is-signed-and-the-request-waits-and-says-why", async () => {
    setFrozen(true);
    world.observe();
    await world.reconcile();
    expect(world.answer).toBe("False Pending");
    expect(world.message).toBe("Waiting: CertificateAuthority fleet holds issuing since 2026-11-22T03:00:00Z");
    expect([world.signatures, world.ledger]).toEqual([0, []]);
  });

  test("a-leaf-that-was-signed-meanwhile-is-not-released", async () => {
    setFrozen(true); // Live: the cache does not show it yet.
    await world.reconcile();
    expect(world.answer).toBe("False Pending");
    expect([world.signatures, world.ledger]).toEqual([1, []]);
  });

  test("a-leaf-that-was-recorded-before-and-not-answered-with-is-not-handed-out", async () => {
    world.server.next("PATCH", /certificaterequests/, { refuse: 500, reason: "InternalError" });
    await world.reconcile();
    expect([world.answer, world.ledger.length]).toEqual(["none", 1]);
    setFrozen(true);
    world.observe();
    await world.reconcile();
    expect(world.answer).toBe("False Pending");
  });

  test("no-limit-of-tries-ends-the-wait", async () => {
    setFrozen(true);
    world.observe();
    await world.reconcile();
    world.observe();
    world.monotonic = 24 * 3_600_000;
    await world.reconcile();
    expect(world.answer).toBe("False Pending");
  });

  test("the-request-is-issued-for-once-it-goes-on", async () => {
    setFrozen(true);
    world.observe();
    await world.reconcile();
    world.observe();
    setFrozen(false);
    world.observe();
    await world.reconcile();
    expect(world.answer).toBe("True Issued + certificate");
    expect(world.ledger).toHaveLength(1);
  });
});
