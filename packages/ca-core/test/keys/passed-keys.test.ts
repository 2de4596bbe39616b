import type { KeyObject } from "node:crypto";
import { describe, expect, test } from "vitest";
import { readDer } from "../../src/der/read.ts";
import { checkPublicKey } from "../../src/keys/check-public-key.ts";
import { newKeyPair } from "../support/key-pair.ts";

const newSpki = (): Uint8Array =>
  Uint8Array.from(newKeyPair("ECDSA-P256").publicKey.export({ format: "der", type: "spki" }));

/** One that is the same object as before was not read again. */
function keyObjectOf(spki: Uint8Array): KeyObject {
  const checked = checkPublicKey(readDer(spki), "key");
  if (!checked.ok) throw new Error(checked.violations[0].rule);
  return checked.value.keyObject;
}

describe("a key that has passed before", () => {
  test("passes again with the same answer, also when it stands among other bytes", () => {
    const spki = newSpki();
    const first = checkPublicKey(readDer(spki), "key");
    const padded = Uint8Array.of(0x30, spki.length, ...spki);
    const inside = readDer(padded).children[0];
    expect(first.ok).toBe(true);
    expect(inside && checkPublicKey(inside, "key")).toEqual(first);
  });

  test("is not changed by what a caller does to its bytes", () => {
    const spki = newSpki();
    const first = checkPublicKey(readDer(Uint8Array.from(spki)), "key");
    if (first.ok) first.value.spki.fill(0);
    const second = checkPublicKey(readDer(spki), "key");
    expect(second.ok && second.value.spki).toEqual(spki);
    if (second.ok) second.value.spki.fill(0);
    expect(checkPublicKey(readDer(spki), "key")).toMatchObject({ ok: true, value: { spki } });
  });

  test("does not let one pass that differs in a bit", () => {
    const spki = newSpki();
    expect(checkPublicKey(readDer(spki), "key").ok).toBe(true);
    const changed = Uint8Array.from(spki);
    changed[90] = (changed[90] ?? 0) ^ 1;
    expect(checkPublicKey(readDer(changed), "key")).toMatchObject({
      ok: false,
      violations: [{ code: "ERR_KEY_EC_POINT" }],
    });
  });

  test.each([
    [0, true],
    [63, true],
    [64, false],
  ])("after %i others, that it need not be read again is %j", (others, isKept) => {
    const spki = newSpki();
    const before = keyObjectOf(spki);
    for (let i = 0; i < others; i += 1) keyObjectOf(newSpki());
    const after = keyObjectOf(spki);
    expect([after === before, after.equals(before)]).toEqual([isKept, true]);
  });

  test("passes after hundreds of others", () => {
    const spki = newSpki();
    const answer = checkPublicKey(readDer(spki), "key");
    for (let i = 0; i < 200; i += 1) expect(checkPublicKey(readDer(newSpki()), "key").ok).toBe(true);
    const { ok, value } = checkPublicKey(readDer(spki), "key") as typeof answer & { ok: true };
    expect({ ok, spki: value.spki }).toEqual({ ok: true, spki });
  });

  test("a refused key is refused again", () => {
    const off = newSpki();
    off.fill(1, 40);
    for (let i = 0; i < 3; i += 1) expect(checkPublicKey(readDer(off), "key").ok).toBe(false);
  });
});
