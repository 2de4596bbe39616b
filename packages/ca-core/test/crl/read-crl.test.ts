import { beforeAll, describe, expect, test } from "vitest";
import { authorityKeyIdentifier, extension } from "../../src/certificate/write-extension.ts";
import { readTbsCertList } from "../../src/crl/read-certificate-list.ts";
import { encodingOf, readDer } from "../../src/der/read.ts";
import { DER_NULL, sequence, time, tlv } from "../../src/der/write.ts";
import { CaError, encodePem, MAX_CRL_CHARACTERS, readCrl } from "../../src/index.ts";
import { OID } from "../../src/lib/oids.ts";
import { authority, NOW, type Authority } from "../support/authority.ts";
import { hex } from "../support/bytes.ts";
import { manyEntries, newCrl } from "../support/crl.ts";
import { largeTest } from "../support/large-test.ts";
import { CRL_NUMBER, rawCrl, type RawCrlParts, rawEntry, rawReason } from "../support/raw-crl.ts";

const AUTHORITY_KEY = authorityKeyIdentifier(new Uint8Array(20));

let ca: Authority;

beforeAll(async () => {
  ca = await authority();
});

describe("readCrl", () => {
  test("takes the form that the other rows break", () => {
    expect(
      readCrl(rawCrl(ca.root, { list: [rawEntry("020101"), rawEntry("020102", rawReason(1))] })).entries.size,
    ).toBe(2);
  });

  test("takes PEM as text and as bytes, and DER, and reads the same", async () => {
    const { pem, der } = await newCrl(ca, manyEntries(2));
    const readings = [pem, Uint8Array.from(Buffer.from(pem, "latin1")), der].map((source) => {
      const { entries, ...crl } = readCrl(source);
      return { ...crl, entries: [...entries] };
    });
    expect(readings).toEqual([readings[0], readings[0], readings[0]]);
    expect(readings[0]).toMatchObject({ pem, der, entries: manyEntries(2) });
  });

  test.each([1, 62, 63, 64, 65, 66, 127, 128, 129, 300])("reads each of %i entries", async (count) => {
    const entries = manyEntries(count);
    expect([...(await newCrl(ca, entries)).entries]).toEqual(entries);
  });

  const rows: readonly (readonly [string, RawCrlParts, string])[] = [
    ["version 1", { version: hex("020100") }, "ERR_CRL_PROFILE"],
    ["an issuer that is no DER inside", { issuer: hex("30023080") }, "ERR_DER_LENGTH_INDEFINITE"],
    ["no nextUpdate", { nextUpdate: null }, "ERR_DER_TIME"],
    ["an empty list that is there", { list: [] }, "ERR_CRL_PROFILE"],
    ["entries that are not sorted", { list: [rawEntry("020102"), rawEntry("020101")] }, "ERR_CRL_PROFILE"],
    ["a serial twice", { list: [rawEntry("020101"), rawEntry("020101")] }, "ERR_CRL_PROFILE"],
    ["a negative serial", { list: [rawEntry("0201ff")] }, "ERR_SERIAL"],
    ["serial 0", { list: [rawEntry("020100")] }, "ERR_SERIAL"],
    ["the reason unspecified written out", { list: [rawEntry("020101", rawReason(0))] }, "ERR_CRL_PROFILE"],
    ["the reason 7, which is not assigned", { list: [rawEntry("020101", rawReason(7))] }, "ERR_CRL_PROFILE"],
    ["removeFromCRL, which is for delta CRLs", { list: [rawEntry("020101", rawReason(8))] }, "ERR_CRL_PROFILE"],
    ["certificateHold, which can be undone", { list: [rawEntry("020101", rawReason(6))] }, "ERR_CRL_PROFILE"],
    [
      "an entry with another extension",
      { list: [rawEntry("020101", extension("2.5.29.24", false, DER_NULL))] },
      "ERR_CRL_PROFILE",
    ],
    [
      "an entry with an empty list of extensions",
      { list: [sequence(hex("020101"), time(NOW), sequence())] },
      "ERR_CRL_PROFILE",
    ],
    ["an entry with a member too many", { list: [sequence(hex("020101"), time(NOW), DER_NULL)] }, "ERR_DER_STRUCTURE"],
    [
      "an entry with a member after its extensions",
      { list: [sequence(hex("020101"), time(NOW), sequence(rawReason(1)), DER_NULL)] },
      "ERR_DER_STRUCTURE",
    ],
    ["an entry without a time", { list: [sequence(hex("020101"))] }, "ERR_DER_STRUCTURE"],
    ["an entry without anything", { list: [sequence()] }, "ERR_DER_STRUCTURE"],
    ["an entry that is no SEQUENCE", { list: [hex("020101")] }, "ERR_DER_STRUCTURE"],
    [
      "extensions of an entry that are no DER",
      { list: [sequence(hex("020101"), time(NOW), tlv(0x30, hex("3080")))] },
      "ERR_DER_LENGTH_INDEFINITE",
    ],
    ["a member too many", { extra: [DER_NULL, DER_NULL] }, "ERR_DER_STRUCTURE"],
    ["no number", { extensions: [AUTHORITY_KEY] }, "ERR_CRL_PROFILE"],
    ["no authorityKeyIdentifier", { extensions: [CRL_NUMBER] }, "ERR_CRL_PROFILE"],
    [
      "a critical number",
      { extensions: [AUTHORITY_KEY, extension(OID.crlNumber, true, hex("020105"))] },
      "ERR_CRL_PROFILE",
    ],
    [
      "a negative number",
      { extensions: [AUTHORITY_KEY, extension(OID.crlNumber, false, hex("0201ff"))] },
      "ERR_DER_STRUCTURE",
    ],
    [
      "a number of 21 octets",
      { extensions: [AUTHORITY_KEY, extension(OID.crlNumber, false, tlv(2, new Uint8Array(21).fill(1)))] },
      "ERR_CRL_NUMBER",
    ],
    [
      "an issuingDistributionPoint",
      { extensions: [AUTHORITY_KEY, CRL_NUMBER, extension("2.5.29.28", true, sequence())] },
      "ERR_CRL_PROFILE",
    ],
    [
      "a delta CRL",
      { extensions: [AUTHORITY_KEY, CRL_NUMBER, extension("2.5.29.27", true, hex("020101"))] },
      "ERR_CRL_PROFILE",
    ],
    ["no extensions", { extensions: [] }, "ERR_DER_STRUCTURE"],
  ];
  test.each(rows)("refuses %s", (_, parts, code) => {
    expect(() => readCrl(rawCrl(ca.root, parts))).toThrow(expect.objectContaining({ code }));
  });

  test("refuses bytes after the CRL, and after what is signed", async () => {
    const { der, tbs } = await newCrl(ca, manyEntries(1));
    const trailing = expect.objectContaining({ code: "ERR_DER_TRAILING" });
    expect(() => readCrl(Uint8Array.of(...der, 0))).toThrow(trailing);
    expect(() => readTbsCertList(Uint8Array.of(...tbs, 5, 0), () => {})).toThrow(trailing);
  });

  test("refuses a member after the signature, and one inside the algorithm that is no DER", () => {
    const [tbs, algorithm, signature] = readDer(rawCrl(ca.root)).children.map(encodingOf);
    if (tbs === undefined || algorithm === undefined || signature === undefined) throw new Error("no CRL");
    expect(() => readCrl(sequence(tbs, algorithm, signature, DER_NULL))).toThrow(
      expect.objectContaining({ code: "ERR_DER_STRUCTURE" }),
    );
    expect(() => readCrl(sequence(tbs, sequence(hex("0680")), signature))).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^ERR_DER_/) }),
    );
  });

  test("refuses the label CRL, which OpenSSL refuses too", async () => {
    const { der } = await newCrl(ca, []);
    expect(() => readCrl(encodePem("CRL", der))).toThrow(expect.objectContaining({ code: "ERR_PEM_LABEL" }));
  });

  test("keeps what it read, whatever becomes of the bytes that it was given", async () => {
    const { der } = await newCrl(ca, manyEntries(2));
    const given = Uint8Array.from(der);
    const read = readCrl(given);
    given.fill(0);
    expect([read.der, [...read.entries]]).toEqual([der, manyEntries(2)]);
  });

  test("refuses DER of more bytes than it may, and none", () => {
    expect(() => readCrl(new Uint8Array(11), { maxBytes: 10 })).toThrow(
      expect.objectContaining({ code: "ERR_DER_SIZE" }),
    );
    expect(() => readCrl(new Uint8Array())).toThrow(expect.objectContaining({ code: "ERR_DER_EMPTY" }));
  });

  test("says every rule that is broken, not only the first", () => {
    const list = [rawEntry("020102", rawReason(7)), rawEntry("020101")];
    expect(() => readCrl(rawCrl(ca.root, { version: hex("020100"), list }))).toThrow(
      "CRL: the version must be v2 (RFC 5280, 5.1.2.1); entry 1, serial 01: it is not sorted by serial number " +
        "(Capstan's own form; RFC 5280, 5.1.2.6 leaves the order open); entry 0, serial 02: reason code 7 is none that a " +
        "leaf can have and that is written (RFC 5280, 5.3.1)",
    );
  });

  test("refuses more than AWS takes, before it looks at any of it", () => {
    const codeOf = (source: string | Uint8Array): unknown => {
      try {
        return readCrl(source);
      } catch (error) {
        return error instanceof CaError ? error.code : error;
      }
    };
    const most = MAX_CRL_CHARACTERS;
    expect([codeOf("-".repeat(most)), codeOf("-".repeat(most + 1))]).toEqual(["ERR_PEM_BEGIN", "ERR_PEM_SIZE"]);
    expect([codeOf(new Uint8Array(most)), codeOf(new Uint8Array(most + 1))]).toEqual([
      "ERR_DER_TAG_UNSUPPORTED",
      "ERR_DER_SIZE",
    ]);
  });

  largeTest("refuses 8,000 entries, unless told otherwise", async () => {
    const crl = await newCrl(ca, manyEntries(8_000));
    expect(() => readCrl(crl.pem)).toThrow(expect.objectContaining({ code: "ERR_PEM_SIZE" }));
    expect(readCrl(crl.pem, { maxBytes: 1_000_000 }).entries.size).toBe(8_000);
  });
});
