import { createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { readDer } from "../../src/der/read.ts";
import { KEY_ALGORITHMS, LEAF_KEY_ALGORITHM_NAMES, type LeafKeyAlgorithm } from "../../src/keys/algorithms.ts";
import { canonicalSpki } from "../../src/keys/canonical-spki.ts";
import { checkPublicKey } from "../../src/keys/check-public-key.ts";
import { publicKeyObject } from "../../src/keys/signer.ts";

interface RandomKey {
  readonly octets: Uint8Array;
  /** As OpenSSL writes it. */
  readonly exported: Uint8Array;
}

/** Random keys; an RSA modulus is any odd number of its length, since nothing here asks for its factors. */
function randomKey(algorithm: LeafKeyAlgorithm): RandomKey {
  const facts = KEY_ALGORITHMS[algorithm];
  if (facts.kind === "RSA") {
    const octets = randomBytes(facts.modulusBits / 8);
    octets[0] = (octets[0] ?? 0) | 0x80;
    octets[octets.length - 1] = (octets.at(-1) ?? 0) | 1;
    const jwk = { kty: "RSA", n: octets.toString("base64url"), e: "AQAB" };
    return { octets, exported: createPublicKey({ key: jwk, format: "jwk" }).export({ format: "der", type: "spki" }) };
  }
  const { publicKey } =
    facts.kind === "EC" ? generateKeyPairSync("ec", { namedCurve: facts.namedCurve }) : generateKeyPairSync("ed25519");
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  const coordinates = [x, y].map((text) => Buffer.from(text, "base64url"));
  const octets = Buffer.concat(facts.kind === "EC" ? [Uint8Array.of(4), ...coordinates] : coordinates);
  return { octets, exported: publicKey.export({ format: "der", type: "spki" }) };
}

test.each(LEAF_KEY_ALGORITHM_NAMES)(
  "the canonical encoding of a thousand keys of type %s is OpenSSL's",
  (algorithm) => {
    for (let i = 0; i < 1000; i += 1) {
      const { octets, exported } = randomKey(algorithm);
      if (Buffer.compare(canonicalSpki(algorithm, octets), exported) !== 0) expect.fail(exported.toString());
    }
  },
);

test("a key that is read from its canonical encoding is the same as from OpenSSL's own way", () => {
  for (const algorithm of LEAF_KEY_ALGORITHM_NAMES) {
    const { octets, exported } = randomKey(algorithm);
    const own = createPublicKey({ key: Buffer.from(exported), format: "der", type: "spki" });
    expect(publicKeyObject(canonicalSpki(algorithm, octets)).equals(own)).toBe(true);
  }
});

describe("a key that has passed before", () => {
  const spkiOf = (): Uint8Array => Uint8Array.from(randomKey("ECDSA-P256").exported);

  test("passes again with the same answer, also when it stands among other bytes", () => {
    const spki = spkiOf();
    const first = checkPublicKey(readDer(spki), "key");
    const padded = Uint8Array.of(0x30, spki.length, ...spki);
    const inside = readDer(padded).children[0];
    expect(first.ok).toBe(true);
    expect(inside && checkPublicKey(inside, "key")).toEqual(first);
  });

  test("is not changed by what a caller does to its bytes", () => {
    const spki = spkiOf();
    const first = checkPublicKey(readDer(Uint8Array.from(spki)), "key");
    if (first.ok) first.value.spki.fill(0);
    const second = checkPublicKey(readDer(spki), "key");
    expect(second.ok && second.value.spki).toEqual(spki);
    if (second.ok) second.value.spki.fill(0);
    expect(checkPublicKey(readDer(spki), "key")).toMatchObject({ ok: true, value: { spki } });
  });

  test("does not let one pass that differs in a bit", () => {
    const spki = spkiOf();
    expect(checkPublicKey(readDer(spki), "key").ok).toBe(true);
    const changed = Uint8Array.from(spki);
    changed[90] = (changed[90] ?? 0) ^ 1;
    expect(checkPublicKey(readDer(changed), "key")).toMatchObject({
      ok: false,
      violations: [{ code: "ERR_KEY_EC_POINT" }],
    });
  });

  test("passes after hundreds of others", () => {
    const spki = spkiOf();
    const answer = checkPublicKey(readDer(spki), "key");
    for (let i = 0; i < 200; i += 1) expect(checkPublicKey(readDer(spkiOf()), "key").ok).toBe(true);
    const { ok, value } = checkPublicKey(readDer(spki), "key") as typeof answer & { ok: true };
    expect({ ok, spki: value.spki }).toEqual({ ok: true, spki });
  });

  test("a refused key is refused again", () => {
    const off = spkiOf();
    off.fill(1, 40);
    for (let i = 0; i < 3; i += 1) expect(checkPublicKey(readDer(off), "key").ok).toBe(false);
  });
});
