import { createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { KEY_ALGORITHMS, LEAF_KEY_ALGORITHM_NAMES, type LeafKeyAlgorithm } from "../../src/keys/algorithms.ts";
import { canonicalSpki } from "../../src/keys/canonical-spki.ts";
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
