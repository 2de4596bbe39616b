import { beforeAll, describe, expect, test } from "vitest";
import { readCertificateParts } from "../../src/certificate/read-certificate.ts";
import { readDer } from "../../src/der/read.ts";
import { bitString, sequence, time, tlv } from "../../src/der/write.ts";
import {
  CaError,
  checkCrlBeforePublication,
  CrlEntries,
  mayDropEntry,
  parseSerial,
  type Crl,
  type PublicationQuestion,
  type SerialHex,
} from "../../src/index.ts";
import { serialContent } from "../../src/certificate/serial.ts";
import { rootKeyObject } from "../../src/root/root.ts";
import { signatureAlgorithmOf, signVerified } from "../../src/keys/signer.ts";
import { authority, DAY, HOUR, NOW, type Authority } from "../support/authority.ts";
import { entry, newCrl } from "../support/crl.ts";
import { rawTbs } from "../support/raw-crl.ts";
import { AGREEING_READER } from "../support/second-reader.ts";

// What becomes of a serial that somebody wants revoked. Each row ends in another way, so that nobody is told that a
// certificate is revoked when it is not.

const LEAF = parseSerial("4f1c8a3be2d94f6097a1c3e5d7f90b2d");

let ca: Authority;
let other: Authority;
let published: Crl;

beforeAll(async () => {
  ca = await authority("ECDSA-P256", 1);
  other = await authority("ECDSA-P256", 2);
  published = await newCrl(ca, [entry(LEAF)], { thisUpdate: new Date(NOW.getTime() - HOUR) });
});

const serialOf = ({ root }: Authority): SerialHex => readCertificateParts(readDer(root.der)).serial;

async function codesOf(next: Crl, changes: Partial<PublicationQuestion> = {}): Promise<string[]> {
  const question = {
    next: next.der,
    root: ca.root,
    now: NOW,
    expectedCount: next.entries.size,
    notAfterOf: () => undefined,
  };
  return (await checkCrlBeforePublication({ ...question, ...changes }, AGREEING_READER)).map(({ code }) => code);
}

describe("V01 one serial in every spelling is one serial", () => {
  test.each([
    ["as it stands", "4f1c8a3be2d94f6097a1c3e5d7f90b2d"],
    ["upper case", "4F1C8A3BE2D94F6097A1C3E5D7F90B2D"],
    ["colons, as openssl prints it", "4F:1C:8A:3B:E2:D9:4F:60:97:A1:C3:E5:D7:F9:0B:2D"],
    ["leading zeros", "00004f1c8a3be2d94f6097a1c3e5d7f90b2d"],
    ["a sign octet and colons", "00:4f:1c:8a:3b:e2:d9:4f:60:97:a1:c3:e5:d7:f9:0b:2d"],
    ["0x", "0x4F1C8A3BE2D94F6097A1C3E5D7F90B2D"],
    ["0X", "0X4f1c8a3be2d94f6097a1c3e5d7f90b2d"],
    ["space around", " 4f1c8a3be2d94f6097a1c3e5d7f90b2d\n"],
  ])("V01 %s", (_, text) => {
    expect([parseSerial(text), published.entries.has(parseSerial(text))]).toEqual([LEAF, true]);
  });

  test("V01 a decimal look-alike is taken as hexadecimal, and so is another serial", () => {
    const decimal = BigInt(`0x${LEAF}`).toString();
    // 128 bits have up to 39 digits: as hexadecimal they are another serial, or none, but never this one.
    expect(parseSerial(decimal)).not.toBe(LEAF);
    expect(published.entries.has(parseSerial(decimal))).toBe(false);
    expect([parseSerial("20252"), parseSerial("4f1c")]).toEqual(["020252", "4f1c"]);
  });
});

describe("V01 what is no serial is refused", () => {
  test.each([
    ["nothing", ""],
    ["0", "0"],
    ["0 in 16 octets", "00".repeat(16)],
    ["a negative number", "-4f1c"],
    ["21 octets", "01".repeat(21)],
    ["20 octets and a half", `1${"00".repeat(20)}`],
    ["a number with a fraction", "4f1c.5"],
    ["an exponent", "4f+1c"],
    ["two serials", "4f1c 4f1d"],
    ["colons between digits that are no octets", "4:f1:c"],
    ["a full-width digit", "４f1c"],
    ["a thousand digits", "f".repeat(1_000)],
  ])("V01 %s", (_, text) => {
    expect(() => parseSerial(text)).toThrow(expect.objectContaining({ code: "ERR_SERIAL" }));
  });

  test("V01 and the message shows what was typed, cut and escaped", () => {
    let message = "";
    try {
      parseSerial(`\u001B[2J\n${"f".repeat(1_000)}`);
    } catch (error) {
      message = error instanceof CaError ? error.message : "";
    }
    expect(message).toContain("not a hexadecimal number");
    expect(message).toMatch(/^[ -~…]{1,220}$/);
  });
});

describe("V01 the outcomes are distinct", () => {
  test("V01 the CA's own serial is not signed", async () => {
    await expect(newCrl(ca, [entry(serialOf(ca))])).rejects.toMatchObject({
      code: "ERR_CRL_INPUT",
      message: expect.stringContaining("it is the root itself"),
    });
  });

  test("V01 the CA's own serial in a CRL that another tool has signed with its key is not published", async () => {
    const own = sequence(tlv(2, serialContent(serialOf(ca))), time(NOW));
    const tbs = rawTbs(ca.root, { list: [own] });
    const signature = await signVerified(ca.signer, tbs, rootKeyObject(ca.root));
    const next = sequence(tbs, signatureAlgorithmOf(ca.root.algorithm), bitString(signature));
    const question = { next, root: ca.root, now: NOW, expectedCount: 1, notAfterOf: () => undefined };
    const violations = await checkCrlBeforePublication(question, AGREEING_READER);
    expect(violations.map(({ code }) => code)).toEqual(["ERR_CRL_ENTRY_ROOT"]);
  });

  test("V01 the other generation's root may be named: it is another issuer's serial, which says nothing here", async () => {
    expect(await codesOf(await newCrl(ca, [entry(serialOf(other))]))).toEqual([]);
  });

  test("V01 one that is revoked already is found in the list, and not signed twice", async () => {
    expect(published.entries.has(LEAF)).toBe(true);
    for (const entries of [[entry("4f1c"), entry("4F:1C")], published.entries.plus([entry(LEAF, "keyCompromise")])]) {
      await expect(newCrl(ca, [], { entries })).rejects.toMatchObject({
        code: "ERR_CRL_INPUT",
        message: expect.stringContaining("the serial is listed twice"),
      });
    }
  });

  test("V01 one that has expired is listed once more, and goes when it was", async () => {
    const notAfter = new Date(NOW.getTime() - 2 * HOUR);
    expect(mayDropEntry({ notAfter, listedAt: undefined })).toBe(false);
    expect(mayDropEntry({ notAfter, listedAt: published.thisUpdate })).toBe(true);
    const next = await newCrl(ca, []);
    expect(await codesOf(next, { previous: published, notAfterOf: () => notAfter })).toEqual([]);
  });

  test("V01 one that nobody knows can be revoked, counts as valid as long as the root, and must be in the records", async () => {
    const next = await newCrl(ca, [...published.entries, entry("dead")]);
    expect(await codesOf(next, { previous: published, expectedCount: 1 })).toEqual(["ERR_CRL_ENTRY_COUNT"]);
    expect(await codesOf(next, { previous: published, expectedCount: 2 })).toEqual([]);
    const without = await newCrl(ca, []);
    expect(await codesOf(without, { previous: published, notAfterOf: () => undefined })).toEqual([
      "ERR_CRL_ENTRY_VANISHED",
    ]);
  });

  test("V01 the other generation's is signed by its own key alone, and is published under its own root alone", async () => {
    const plan = { entries: CrlEntries.of([entry("4f1c")]) };
    await expect(newCrl({ root: ca.root, signer: other.signer }, [], plan)).rejects.toMatchObject({
      code: "ERR_SIGNER_KEY",
    });
    expect(await codesOf(await newCrl(other, [], plan))).toEqual([
      "ERR_CRL_ISSUER",
      "ERR_CRL_AUTHORITY_KEY",
      "ERR_CRL_SIGNATURE",
    ]);
    expect(await codesOf(await newCrl(other, [], plan), { root: other.root })).toEqual([]);
  });

  test("V01 a revocation of tomorrow is not signed today", async () => {
    const tomorrow = { serial: LEAF, revokedAt: new Date(NOW.getTime() + DAY) };
    await expect(newCrl(ca, [tomorrow])).rejects.toMatchObject({
      code: "ERR_CRL_INPUT",
      message: expect.stringContaining("it is revoked after thisUpdate"),
    });
  });
});
