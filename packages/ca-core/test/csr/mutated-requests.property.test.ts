import { generateKeyPairSync, sign } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readDer } from "../../src/der/read.ts";
import { bitString, namedBits, objectIdentifier, sequence, stringOf, tlv } from "../../src/der/write.ts";
import { TAG } from "../../src/der/tag.ts";
import { checkAgainstProfile, checkCertificationRequest } from "../../src/index.ts";
import { SIGNATURE_ALGORITHM_DER } from "../../src/keys/algorithms.ts";
import { OID } from "../../src/lib/oids.ts";
import { ascii } from "../support/bytes.ts";
import { EC_KEY, asPem, attribute, extensionRequest, rawExtension, requestDer, spkiOf } from "../support/request.ts";

const RSA = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const attributes = [
  attribute("1.2.840.113549.1.9.7", stringOf(TAG.utf8String, "secret")),
  extensionRequest(
    rawExtension(OID.subjectAltName, sequence(tlv(0x82, ascii("web.demo.svc")), tlv(0x87, ascii("abcd")))),
    rawExtension(OID.keyUsage, namedBits([0, 2])),
    rawExtension(OID.extendedKeyUsage, sequence(objectIdentifier("1.3.6.1.5.5.7.3.2"))),
    rawExtension(OID.basicConstraints, sequence()),
  ),
];
const SEEDS = [
  requestDer({ attributes }),
  requestDer({
    attributes,
    spki: spkiOf(RSA),
    signatureAlgorithm: SIGNATURE_ALGORITHM_DER.RSA.sha256,
    signature: (info) => sign("sha256", info, RSA),
  }),
];

/** Overwrites, cuts out or inserts a few bytes. */
const edit = fc.record({
  at: fc.nat({ max: 10_000 }),
  remove: fc.integer({ min: 0, max: 3 }),
  insert: fc.uint8Array({ maxLength: 3 }),
});

function mutate(der: Uint8Array, edits: readonly { at: number; remove: number; insert: Uint8Array }[]): Uint8Array {
  let out = der;
  for (const { at, remove, insert } of edits) {
    const place = at % out.length;
    out = Uint8Array.of(...out.subarray(0, place), ...insert, ...out.subarray(place + remove));
  }
  return out;
}

test("no mutation of a request makes the check throw, or passes with another content than was signed", () => {
  fc.assert(
    fc.property(fc.constantFrom(...SEEDS), fc.array(edit, { minLength: 1, maxLength: 4 }), (seed, edits) => {
      const der = mutate(seed, edits);
      const checked = checkCertificationRequest(asPem(der));
      if (!checked.ok) {
        expect(checked.violations.length).toBeGreaterThan(0);
        return;
      }
      // What passes bears a valid signature, so it is the seed, whose signature may differ in nothing but its bytes.
      expect(checked).toEqual(checkCertificationRequest(asPem(seed)));
      expect(checkAgainstProfile({ request: checked.value })).toEqual([]);
    }),
    { numRuns: 5_000 },
  );
}, 120_000);

test("no mutation of what is signed makes the check or the profile throw, though its sender signs it honestly", () => {
  const [seed = new Uint8Array(0)] = SEEDS;
  const info = readDer(seed).children[0];
  const signed = seed.subarray(info?.start, info?.end);
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
      const changed = mutate(signed, edits);
      const der = sequence(changed, SIGNATURE_ALGORITHM_DER.EC.sha256, bitString(sign("sha256", changed, EC_KEY)));
      const checked = checkCertificationRequest(asPem(der));
      if (!checked.ok) return;
      accepted += 1;
      checkAgainstProfile({ request: checked.value });
      // The key cannot change: the signature is by the old one.
      expect(checked.value.publicKey.spki).toEqual(spkiOf(EC_KEY));
    }),
    { numRuns: 5_000 },
  );
  // Edits inside names pass: else this would try the outermost layer alone.
  expect(accepted).toBeGreaterThan(10);
}, 120_000);

test("no text makes the check throw", () => {
  const frame = fc.constantFrom(
    "",
    "-----BEGIN CERTIFICATE REQUEST-----\n",
    "-----BEGIN NEW CERTIFICATE REQUEST-----\r\n",
  );
  const end = fc.constantFrom("", "-----END CERTIFICATE REQUEST-----", "\n-----END CERTIFICATE REQUEST-----\n");
  fc.assert(
    fc.property(
      frame,
      fc.oneof(fc.string(), fc.base64String(), fc.string({ unit: "binary" })),
      end,
      (begin, body, last) => {
        expect(checkCertificationRequest(begin + body + last).ok).toBe(false);
        expect(checkCertificationRequest(Buffer.from(begin + body + last)).ok).toBe(false);
      },
    ),
    { numRuns: 2_000 },
  );
});
