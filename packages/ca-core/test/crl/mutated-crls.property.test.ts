import * as fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import {
  CaError,
  checkCrlBeforePublication,
  encodePem,
  parseSerial,
  readCrl,
  type Crl,
  type ViolationCode,
} from "../../src/index.ts";
import { concatBytes } from "../../src/lib/bytes.ts";
import { lintCrl, lintTbsCertList } from "../../src/lint/crl/lint-crl.ts";
import { authority, DAY, NOW, type Authority } from "../support/authority.ts";
import { entry, newCrl } from "../support/crl.ts";
import { runs } from "../support/fuzz.ts";
import { AGREEING_READER } from "../support/second-reader.ts";

let authorities: readonly Authority[];
let crls: readonly Crl[];

beforeAll(async () => {
  authorities = [await authority("ECDSA-P256"), await authority("RSA-2048")];
  const entries = [
    entry("01"),
    entry("80", "keyCompromise"),
    entry("4f1c8a3be2d94f6097a1c3e5d7f90b2d", "superseded"),
    { serial: parseSerial("ff".repeat(20)), revokedAt: new Date(NOW.getTime() - DAY) },
  ];
  crls = await Promise.all(authorities.flatMap((ca) => [newCrl(ca, entries), newCrl(ca, [])]));
});

/** Overwrites, cuts out, inserts, or copies from elsewhere a few bytes. */
const edit = fc.record({
  at: fc.nat({ max: 10_000 }),
  remove: fc.integer({ min: 0, max: 8 }),
  insert: fc.oneof(
    fc.uint8Array({ maxLength: 4 }),
    fc
      .constantFrom([0x30, 0x80], [0x30, 0x84, 0xff, 0xff, 0xff, 0xff], [0x02, 0x01, 0x00], [0x17, 0x00])
      .map((bytes) => Uint8Array.from(bytes)),
  ),
});
const edits = fc.array(edit, { minLength: 1, maxLength: 4 });

function mutate(bytes: Uint8Array, changes: readonly { at: number; remove: number; insert: Uint8Array }[]): Uint8Array {
  let out = bytes;
  for (const { at, remove, insert } of changes) {
    const place = at % (out.length + 1);
    out = concatBytes([out.subarray(0, place), insert, out.subarray(place + remove)]);
  }
  return out;
}

const DOCUMENTED = /^ERR_(DER_[A-Z_]+|PEM_[A-Z0-9_]+|CRL_PROFILE|CRL_NUMBER|SERIAL)$/;

/** The code that readCrl refuses with; undefined when it takes the bytes. Anything but a documented error is thrown on. */
function refusalOf(source: Uint8Array | string): string | undefined {
  try {
    readCrl(source);
    return undefined;
  } catch (error) {
    if (error instanceof CaError && DOCUMENTED.test(error.code)) return error.code;
    throw error;
  }
}

test("no mutation of a CRL makes the reader or the lint throw anything but a documented error, and both agree", () => {
  fc.assert(
    fc.property(fc.nat({ max: 3 }), edits, (which, changes) => {
      const der = mutate(crls[which]?.der ?? new Uint8Array(), changes);
      const root = authorities[which >> 1]?.root;
      if (root === undefined) throw new TypeError("there are two authorities");
      const isOfOurForm = refusalOf(der) === undefined;
      expect(lintCrl({ der, root }).every(({ code }) => code !== "ERR_CRL_PROFILE")).toBe(isOfOurForm);
      lintTbsCertList({ tbs: mutate(crls[which]?.tbs ?? new Uint8Array(), changes), root });
    }),
    { numRuns: runs(3_000) },
  );
});

test("no mutation of a CRL that changes it may be published", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 3 }), edits, async (which, changes) => {
      const crl = crls[which];
      const root = authorities[which >> 1]?.root;
      if (crl === undefined || root === undefined) throw new TypeError("there are four CRLs");
      const next = mutate(crl.der, changes);
      fc.pre(Buffer.compare(next, crl.der) !== 0);
      if (refusalOf(next) !== undefined) return;
      const expectedCount = readCrl(next).entries.size;
      const question = { next, root, now: NOW, expectedCount, notAfterOf: () => undefined };
      const codes: ViolationCode[] = (await checkCrlBeforePublication(question, AGREEING_READER)).map(
        ({ code }) => code,
      );
      expect(codes).toContain("ERR_CRL_SIGNATURE");
    }),
    { numRuns: runs(1_000) },
  );
});

test("no mutation of a CRL's PEM makes the reader throw anything but a documented error, or reads as another CRL", () => {
  fc.assert(
    fc.property(fc.nat({ max: 3 }), edits, (which, changes) => {
      const crl = crls[which];
      if (crl === undefined) throw new TypeError("there are four CRLs");
      const pem = mutate(Uint8Array.from(Buffer.from(crl.pem, "latin1")), changes);
      if (refusalOf(pem) !== undefined) return;
      // What is taken is one block whose bytes are what is read: no bit of the text was passed over.
      const { der } = readCrl(pem);
      const text = Buffer.from(pem).toString("latin1");
      expect(text.replaceAll(/\s/g, "")).toBe(encodePem("X509 CRL", der).replaceAll(/\s/g, ""));
    }),
    { numRuns: runs(2_000) },
  );
});
