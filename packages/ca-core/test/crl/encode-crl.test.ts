import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { authorityKeyIdentifier, extension } from "../../src/certificate/write-extension.ts";
import { DER_NULL, bitString, sequence, tagged, time, tlv } from "../../src/der/write.ts";
import {
  encodeCrl,
  encodePem,
  forecastCrlSize,
  KEY_ALGORITHM_NAMES,
  MAX_CRL_CHARACTERS,
  parseCrlNumber,
  parseSerial,
  readCrl,
  type CrlPlan,
  type SigningRequest,
} from "../../src/index.ts";
import { SIGNATURE_ALGORITHM_DER } from "../../src/keys/algorithms.ts";
import { OID } from "../../src/lib/oids.ts";
import { readCrlAgain } from "../../src/x509/second-reading.ts";
import { authority, DAY, HOUR, NOW, type Authority } from "../support/authority.ts";
import { hex } from "../support/bytes.ts";
import { entry, manyEntries, newCrl } from "../support/crl.ts";

let ca: Authority;

beforeAll(async () => {
  ca = await authority();
});

test.each(KEY_ALGORITHM_NAMES)(
  "a CRL of a root of type %s reads back as it was planned, from PEM and DER",
  async (algorithm) => {
    const from = await authority(algorithm);
    const entries = [entry("ff01", "keyCompromise"), entry("02"), entry("7f")];
    const crl = await newCrl(from, entries, { number: parseCrlNumber("255") });
    expect(crl).toMatchObject({
      number: 255n,
      thisUpdate: NOW,
      nextUpdate: new Date(NOW.getTime() + 30 * DAY),
      entries: [entry("02"), entry("7f"), entry("ff01", "keyCompromise")],
      issuerDer: from.root.subjectDer,
      authorityKeyIdentifier: from.root.ski,
    });
    expect(crl.pem.startsWith("-----BEGIN X509 CRL-----\n")).toBe(true);
    expect(readCrl(crl.pem)).toEqual(readCrl(crl.der));
  },
);

test("an empty list is left out, and unspecified is left out", async () => {
  expect((await newCrl(ca, [])).entries).toEqual([]);
  expect((await newCrl(ca, [entry("01", "unspecified")])).entries).toEqual([entry("01")]);
});

test("no entry is lost or changed, in the eyes of both readers", async () => {
  const serials = fc.uniqueArray(fc.bigInt({ min: 1n, max: 2n ** 160n - 1n }), { maxLength: 60 });
  const reasons = fc.constantFrom(
    "keyCompromise",
    "superseded",
    "cessationOfOperation",
    "privilegeWithdrawn",
    undefined,
  );
  await fc.assert(
    fc.asyncProperty(serials, reasons, async (numbers, reason) => {
      const entries = numbers.map((number) => entry(number.toString(16), reason));
      const crl = await newCrl(ca, entries);
      const sorted = numbers.toSorted((a, b) => (a < b ? -1 : 1)).map((number) => entry(number.toString(16), reason));
      expect(crl.entries).toEqual(sorted);
      expect(readCrlAgain(crl.der).serials).toEqual(sorted.map(({ serial }) => serial));
    }),
  );
});

test("eight times the entries take about eight times the work, not 64 times", async () => {
  const workOf = async (count: number): Promise<number> => {
    const entries = manyEntries(count, "superseded");
    let best = Number.POSITIVE_INFINITY;
    for (let attempt = 0; attempt < 3; attempt += 1) {
      // CPU time, since other processes share the machine.
      const start = process.cpuUsage();
      await newCrl(ca, entries);
      const { user, system } = process.cpuUsage(start);
      best = Math.min(best, user + system);
    }
    return best;
  };
  await workOf(5_000);
  const small = await workOf(5_000);
  expect((await workOf(40_000)) / small).toBeLessThan(32);
}, 120_000);

test("150,000 entries fit into one call", async () => {
  expect((await newCrl(ca, manyEntries(150_000))).entries).toHaveLength(150_000);
}, 120_000);

describe("encodeCrl refuses", () => {
  const rows: readonly (readonly [string, Partial<CrlPlan>])[] = [
    ["a serial twice", { entries: [entry("01"), entry("02"), entry("01")] }],
    [
      "a revocation after thisUpdate",
      { entries: [{ serial: parseSerial("01"), revokedAt: new Date(NOW.getTime() + 1000) }] },
    ],
    ["a revocation without a time", { entries: [{ serial: parseSerial("01"), revokedAt: new Date(Number.NaN) }] }],
    ["nextUpdate before thisUpdate", { nextUpdate: new Date(NOW.getTime() - 1) }],
    ["nextUpdate without a time", { nextUpdate: new Date(Number.NaN) }],
    ["a year after 2099", { nextUpdate: new Date("2100-01-01T00:00:00Z") }],
  ];
  test.each(rows)("%s", async (_, changes) => {
    await expect(newCrl(ca, [], changes)).rejects.toMatchObject({ code: "ERR_CRL_INPUT" });
  });

  test("another generation's key, and a signature that does not verify", async () => {
    const other = await authority();
    const plan = {
      root: ca.root,
      number: parseCrlNumber("1"),
      thisUpdate: NOW,
      nextUpdate: new Date(NOW.getTime() + DAY),
      entries: [],
    };
    await expect(encodeCrl({ ...plan, signer: other.signer })).rejects.toMatchObject({ code: "ERR_SIGNER_KEY" });
    const signer = { ...ca.signer, sign: async (request: SigningRequest) => other.signer.sign(request) };
    await expect(encodeCrl({ ...plan, signer })).rejects.toMatchObject({ code: "ERR_SIGNER_SIGNATURE" });
  });
});

const AKI = authorityKeyIdentifier(new Uint8Array(20));
const NUMBER = extension(OID.crlNumber, false, hex("020105"));
const DATE = time(NOW);
const revoked = (serial: string, ...extensions: readonly Uint8Array[]): Uint8Array =>
  sequence(hex(serial), DATE, ...(extensions.length === 0 ? [] : [sequence(...extensions)]));
const reason = (code: string): Uint8Array => extension(OID.reasonCode, false, hex(`0a01${code}`));

/** A CRL in our form but for what is given. Its signature is none. */
function rawCrl(parts: {
  readonly version?: Uint8Array;
  readonly next?: Uint8Array | null;
  readonly list?: readonly Uint8Array[];
  readonly extensions?: readonly Uint8Array[];
}): Uint8Array {
  const {
    version = hex("020101"),
    next = time(new Date(NOW.getTime() + HOUR)),
    list,
    extensions = [AKI, NUMBER],
  } = parts;
  const tbs = sequence(
    version,
    SIGNATURE_ALGORITHM_DER.EC.sha256,
    sequence(),
    DATE,
    ...(next === null ? [] : [next]),
    ...(list === undefined ? [] : [sequence(...list)]),
    tagged(0, sequence(...extensions)),
  );
  return sequence(tbs, SIGNATURE_ALGORITHM_DER.EC.sha256, bitString(hex("00")));
}

describe("readCrl", () => {
  test("takes the form that the other rows break", () => {
    expect(readCrl(rawCrl({ list: [revoked("020101"), revoked("020102", reason("01"))] })).entries).toHaveLength(2);
  });

  const rows: readonly (readonly [string, Parameters<typeof rawCrl>[0], string])[] = [
    ["version 1", { version: hex("020100") }, "ERR_CRL_PROFILE"],
    ["no nextUpdate", { next: null }, "ERR_DER_TIME"],
    ["an empty list that is there", { list: [] }, "ERR_CRL_PROFILE"],
    ["entries that are not sorted", { list: [revoked("020102"), revoked("020101")] }, "ERR_CRL_PROFILE"],
    ["a serial twice", { list: [revoked("020101"), revoked("020101")] }, "ERR_CRL_PROFILE"],
    ["a negative serial", { list: [revoked("0201ff")] }, "ERR_SERIAL"],
    ["serial 0", { list: [revoked("020100")] }, "ERR_SERIAL"],
    ["the reason unspecified written out", { list: [revoked("020101", reason("00"))] }, "ERR_CRL_PROFILE"],
    ["the reason 7, which is not assigned", { list: [revoked("020101", reason("07"))] }, "ERR_CRL_PROFILE"],
    ["removeFromCRL, which is for delta CRLs", { list: [revoked("020101", reason("08"))] }, "ERR_CRL_PROFILE"],
    ["certificateHold, which can be undone", { list: [revoked("020101", reason("06"))] }, "ERR_CRL_PROFILE"],
    [
      "an entry with another extension",
      { list: [revoked("020101", extension("2.5.29.24", false, DER_NULL))] },
      "ERR_CRL_PROFILE",
    ],
    [
      "an entry with an empty list of extensions",
      { list: [sequence(hex("020101"), DATE, sequence())] },
      "ERR_CRL_PROFILE",
    ],
    ["an entry with a member too many", { list: [sequence(hex("020101"), DATE, DER_NULL)] }, "ERR_DER_STRUCTURE"],
    ["no number", { extensions: [AKI] }, "ERR_CRL_PROFILE"],
    ["no authorityKeyIdentifier", { extensions: [NUMBER] }, "ERR_CRL_PROFILE"],
    ["a critical number", { extensions: [AKI, extension(OID.crlNumber, true, hex("020105"))] }, "ERR_CRL_PROFILE"],
    ["a negative number", { extensions: [AKI, extension(OID.crlNumber, false, hex("0201ff"))] }, "ERR_DER_STRUCTURE"],
    [
      "a number of 21 octets",
      { extensions: [AKI, extension(OID.crlNumber, false, tlv(2, new Uint8Array(21).fill(1)))] },
      "ERR_CRL_NUMBER",
    ],
    [
      "an issuingDistributionPoint",
      { extensions: [AKI, NUMBER, extension("2.5.29.28", true, sequence())] },
      "ERR_CRL_PROFILE",
    ],
    ["a delta CRL", { extensions: [AKI, NUMBER, extension("2.5.29.27", true, hex("020101"))] }, "ERR_CRL_PROFILE"],
    ["no extensions", { extensions: [] }, "ERR_DER_STRUCTURE"],
  ];
  test.each(rows)("refuses %s", (_, parts, code) => {
    expect(() => readCrl(rawCrl(parts))).toThrow(expect.objectContaining({ code }));
  });

  test("refuses the label CRL, which OpenSSL refuses too", async () => {
    const { der } = await newCrl(ca, []);
    expect(() => readCrl(encodePem("CRL", der))).toThrow(expect.objectContaining({ code: "ERR_PEM_LABEL" }));
  });

  test("refuses more than AWS takes, unless told otherwise", async () => {
    const crl = await newCrl(ca, manyEntries(8_000));
    expect(() => readCrl(crl.pem)).toThrow(expect.objectContaining({ code: "ERR_PEM_SIZE" }));
    expect(readCrl(crl.pem, { maxBytes: 1_000_000 }).entries).toHaveLength(8_000);
  });
});

describe("forecastCrlSize", () => {
  test.each([
    [0, 0],
    [1, 1],
    [100, 50],
    [4_000, 4_000],
    [6_000, 0],
  ])("is an upper bound that is close: %d entries, %d with a reason", async (entries, withReason) => {
    const all = manyEntries(entries).map((one, i) =>
      i < withReason ? { ...one, reason: "superseded" as const } : one,
    );
    const { pem } = await newCrl(ca, all);
    const { characters, fill } = forecastCrlSize({ root: ca.root, entries, withReason });
    expect(characters).toBeGreaterThanOrEqual(pem.length);
    expect(characters - pem.length).toBeLessThan(400);
    expect(fill).toBe(characters / MAX_CRL_CHARACTERS);
  });

  test("says that about 6,300 entries fit without reasons, and about 4,500 with", () => {
    const fits = (entries: number, withReason: number): boolean =>
      forecastCrlSize({ root: ca.root, entries, withReason }).fill <= 1;
    expect([fits(6_200, 0), fits(6_500, 0), fits(4_400, 4_400), fits(4_700, 4_700)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });
});
