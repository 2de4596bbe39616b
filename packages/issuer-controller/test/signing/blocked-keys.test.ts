import { createHash, createPublicKey } from "node:crypto";
import { apiVersion, type RevocationList } from "@capstan/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NotYet } from "../../src/requests/not-yet.ts";
import { BlockedKeys, withoutEntries } from "../../src/signing/blocked-keys.ts";
import { ownNamespace } from "../support/objects.ts";
import { World } from "../support/world.ts";

type Block = NonNullable<RevocationList["spec"]["blockedKeys"]>[number];

function list(name: string, ...blockedKeys: readonly Block[]): RevocationList {
  return {
    apiVersion,
    kind: "RevocationList",
    metadata: { name, namespace: ownNamespace },
    spec: { authority: name.replace(/-\d+$/, ""), generation: 1, crlNumber: 1, blockedKeys: [...blockedKeys] },
  };
}

const at = "2026-11-22T02:00:00Z";
const block = (sha256: string, namespace?: string): Block => ({
  sha256,
  at,
  requestedBy: "alice",
  ...(namespace === undefined ? {} : { namespace }),
});
const [one, other] = ["1".repeat(64), "2".repeat(64)];

describe("a key is", () => {
  test.each<[fact: string, lists: readonly RevocationList[], namespace: string | undefined, isBlocked: boolean]>([
    ["free-without-lists", [], "demo", false],
    ["free-while-another-is-blocked", [list("fleet-1", block(other))], "demo", false],
    ["blocked-for-all", [list("fleet-1", block(other), block(one))], "demo", true],
    ["blocked-for-who-is-in-no-namespace", [list("fleet-1", block(one))], undefined, true],
    ["blocked-by-another-authority", [list("fleet-1"), list("other-7", block(one))], "demo", true],
    ["blocked-by-an-old-generation", [list("fleet-1", block(one)), list("fleet-2")], "demo", true],
    ["blocked-for-its-namespace", [list("fleet-1", block(one, "demo"))], "demo", true],
    ["free-for-another-namespace", [list("fleet-1", block(one, "demo"))], "other", false],
    ["free-for-no-namespace-when-blocked-for-one", [list("fleet-1", block(one, "demo"))], undefined, false],
    ["blocked-for-all-though-also-for-another", [list("fleet-1", block(one, "other"), block(one))], "demo", true],
  ])("%s", (_fact, lists, namespace, isBlocked) => {
    const keys = new BlockedKeys({ lists: { list: () => lists }, silentMs: () => 0 });
    expect(keys.isBlocked(one, namespace)).toBe(isBlocked);
  });

  test.each<[silentMs: number, isKnown: boolean]>([
    [120_000, true],
    [120_001, false],
    [Number.POSITIVE_INFINITY, false],
  ])("unknown-when-the-lists-were-silent-too-long: %d ms", (silentMs, isKnown) => {
    const keys = new BlockedKeys({ lists: { list: () => [] }, silentMs: () => silentMs });
    if (isKnown) expect(keys.isBlocked(one, "demo")).toBe(false);
    else expect(() => keys.isBlocked(one, "demo")).toThrow(NotYet);
  });
});

test("of-a-list-its-blocked-keys-are-kept-and-its-entries-are-not", () => {
  const full = list("fleet-1", block(one));
  const stored = { ...full, spec: { ...full.spec, entries: ["4f1c 1 1 1 0"], actors: ["alice"] } };
  expect(withoutEntries(stored)).toEqual(full);
});

describe("a request for a blocked key", () => {
  let world: World;

  beforeEach(async () => {
    world = await World.start();
  });

  afterEach(() => world[Symbol.asyncDispose]());

  /** The key of the request, as a leaf of it shows. */
  async function keyOfRequest(): Promise<string> {
    const probe = await World.start(world.generation);
    await probe.reconcile();
    const spki = createPublicKey(probe.leaf.publicKey.export({ type: "spki", format: "pem" })).export({
      type: "spki",
      format: "der",
    });
    await probe[Symbol.asyncDispose]();
    return createHash("sha256").update(spki).digest("hex");
  }

  test("fails-with-what-to-do-and-nothing-is-signed", async () => {
    world.revocationLists.set(list("fleet-1", block(await keyOfRequest())));
    await world.reconcile();
    expect(world.answer).toBe("False Failed + failureTime");
    expect(world.message).toContain("is blocked");
    expect(world.message).toContain("rotationPolicy Always");
    expect([world.ledger, world.signatures]).toEqual([[], 0]);
  });

  test("is-served-when-it-is-blocked-for-another-namespace", async () => {
    world.revocationLists.set(list("fleet-1", block(await keyOfRequest(), "other")));
    await world.reconcile();
    expect(world.answer).toBe("True Issued + certificate");
  });

  test("that-is-blocked-while-it-is-being-signed-gets-nothing-and-the-ledger-has-no-record", async () => {
    const key = await keyOfRequest();
    world.server.next("GET", /certificateauthorities/, () => {
      world.revocationLists.set(list("fleet-1", block(key)));
    });
    await world.reconcile();
    expect(world.message).toContain("the public key was revoked meanwhile");
    expect([world.ledger, world.signatures]).toEqual([[], 1]);
    world.observe();
    await world.reconcile();
    expect(world.answer).toBe("False Failed + failureTime");
    expect([world.ledger, world.signatures]).toEqual([[], 1]);
  });

  test("waits-while-nobody-knows-and-is-served-afterwards", async () => {
    world.silentMs = 180_000;
    await world.reconcile();
    expect(world.answer).toBe("False Pending");
    expect(world.message).toContain("which public keys are blocked");
    expect(world.signatures).toBe(0);
    world.silentMs = 0;
    world.observe();
    await world.reconcile();
    expect(world.answer).toBe("True Issued + certificate");
  });
});
