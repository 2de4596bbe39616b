import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { extension } from "../../src/certificate/write-extension.ts";
import { serialContent } from "../../src/certificate/serial.ts";
import { sequence, time, tlv } from "../../src/der/write.ts";
import { concatBytes } from "../../src/lib/bytes.ts";
import { OID } from "../../src/lib/oids.ts";
import {
  CrlEntries,
  encodeCrl,
  MAX_CRL_CHARACTERS,
  nextCrlNumber,
  parseSerial,
  readCrl,
  REVOCATION_REASONS,
  type CrlEntry,
  type RevocationReason,
  type SerialHex,
} from "../../src/index.ts";
import { authority, DAY, NOW, type Authority } from "../support/authority.ts";
import { entry, manyEntries } from "../support/crl.ts";
import { runs } from "../support/fuzz.ts";
import { largeTest } from "../support/large-test.ts";

let ca: Authority;

beforeAll(async () => {
  ca = await authority();
});

const serial: fc.Arbitrary<SerialHex> = fc
  .oneof(
    fc.bigInt({ min: 1n, max: 2n ** 160n - 1n }),
    fc.bigInt({ min: 1n, max: 300n }),
    // Many with one head, so that their tails decide.
    fc.bigInt({ min: 0x4a00n << 112n, max: (0x4a00n << 112n) + 50n }),
  )
  .map((number) => parseSerial(number.toString(16)));
const crlEntry: fc.Arbitrary<CrlEntry> = fc
  .record({
    serial,
    // Up to 2075, so that both forms of a time come up.
    revokedAt: fc.integer({ min: 946_684_800, max: 3_313_526_400 }).map((seconds) => new Date(seconds * 1000)),
    reason: fc.option(fc.constantFrom(...(Object.keys(REVOCATION_REASONS) as RevocationReason[])), { nil: undefined }),
  })
  .map(({ reason, ...rest }) => (reason === undefined ? rest : { ...rest, reason }));
const crlEntries = fc.uniqueArray(crlEntry, { selector: (one) => one.serial, maxLength: 60 });

const asNumber = (one: CrlEntry): bigint => BigInt(`0x${one.serial}`);
const inOrder = (entries: readonly CrlEntry[]): CrlEntry[] =>
  entries.toSorted((a, b) => (asNumber(a) < asNumber(b) ? -1 : 1));
/** As they are read: unspecified is not written. */
const asRead = (entries: readonly CrlEntry[]): CrlEntry[] =>
  inOrder(entries).map(({ reason, ...rest }) =>
    reason === undefined || reason === "unspecified" ? rest : { ...rest, reason },
  );

/** The same encoding part by part, by the general writer. */
function encodedByParts({ serial: number, revokedAt, reason }: CrlEntry): Uint8Array {
  const code = REVOCATION_REASONS[reason ?? "unspecified"];
  const extensions = sequence(extension(OID.reasonCode, false, tlv(0x0a, Uint8Array.of(code))));
  return sequence(tlv(2, serialContent(number)), time(revokedAt), ...(code === 0 ? [] : [extensions]));
}

test("entries are encoded as the general writer does it, in the order of their serials as numbers", () => {
  fc.assert(
    fc.property(crlEntries, (entries) => {
      const expected = concatBytes(inOrder(entries).map(encodedByParts));
      expect(CrlEntries.of(entries).content).toEqual(expected);
    }),
    { numRuns: runs(300) },
  );
});

test("what a CRL lists is read as it was planned, whatever it is", async () => {
  await fc.assert(
    fc.asyncProperty(crlEntries, async (entries) => {
      const thisUpdate = new Date(Math.max(NOW.getTime(), ...entries.map(({ revokedAt }) => revokedAt.getTime())));
      const plan = { ...ca, number: nextCrlNumber({ now: NOW }), thisUpdate, entries };
      const crl = await encodeCrl({ ...plan, nextUpdate: new Date(thisUpdate.getTime() + DAY) });
      expect([...readCrl(crl.pem).entries]).toEqual(asRead(entries));
      expect(crl.entries.size).toBe(entries.length);
      for (const one of entries) expect(crl.entries.has(one.serial)).toBe(true);
    }),
    { numRuns: runs(50) },
  );
});

test("an entry has a reason only where one is written", () => {
  const entries = [entry("01"), entry("02", "unspecified"), entry("03", "superseded")];
  expect([...CrlEntries.of(entries)]).toStrictEqual([entry("01"), entry("02"), entry("03", "superseded")]);
});

test("a fault of our own is thrown as it is, and not said to be an entry's", () => {
  expect(() => CrlEntries.of([undefined as never])).toThrow(TypeError);
});

describe("entries of one CRL go on into the next", () => {
  test("with more, they are as if all had been encoded together", () => {
    fc.assert(
      fc.property(crlEntries, fc.integer({ min: 0, max: 60 }), (entries, cut) => {
        const [some, more] = [entries.slice(0, cut), entries.slice(cut)];
        expect(CrlEntries.of(some).plus(more).content).toEqual(CrlEntries.of(entries).content);
        expect([...CrlEntries.of(some).plus(more)]).toEqual(asRead(entries));
      }),
      { numRuns: runs(300) },
    );
  });

  test("filtered, they are as if the others had never been there", () => {
    fc.assert(
      fc.property(crlEntries, fc.func(fc.boolean()), (entries, keeps) => {
        const kept = entries.filter((one) => keeps(one.serial));
        const filtered = CrlEntries.of(entries).filter((one) => keeps(one.serial));
        expect(filtered.content).toEqual(CrlEntries.of(kept).content);
        expect([...filtered]).toEqual(asRead(kept));
      }),
      { numRuns: runs(300) },
    );
  });

  test("what one list has and another lacks is found", () => {
    fc.assert(
      fc.property(crlEntries, fc.func(fc.boolean()), fc.func(fc.boolean()), (entries, inOurs, inTheirs) => {
        const ours = entries.filter((one) => inOurs(one.serial));
        const theirs = entries.filter((one) => inTheirs(one.serial));
        const missing = inOrder(ours.filter((one) => !inTheirs(one.serial))).map((one) => one.serial);
        expect([...CrlEntries.of(ours).missingIn(CrlEntries.of(theirs))]).toEqual(missing);
        for (const one of entries) expect(CrlEntries.of(theirs).has(one.serial)).toBe(theirs.includes(one));
      }),
      { numRuns: runs(300) },
    );
  });

  largeTest(
    "a revocation more copies the bytes of the others and does not encode them again",
    async () => {
      const published = CrlEntries.of(manyEntries(50_000));
      const more = [entry("7f01")];
      const workOf = (act: () => CrlEntries): number => {
        let best = Number.POSITIVE_INFINITY;
        for (let attempt = 0; attempt < 5; attempt += 1) {
          const start = process.cpuUsage();
          expect(act().size).toBe(50_001);
          const { user, system } = process.cpuUsage(start);
          best = Math.min(best, user + system);
        }
        return best;
      };
      const all = [...manyEntries(50_000), ...more];
      expect(workOf(() => CrlEntries.of(all)) / workOf(() => published.plus(more))).toBeGreaterThan(5);
    },
    120_000,
  );

  test("the list that they come from stays as it was", () => {
    const before = CrlEntries.of([entry("01"), entry("03")]);
    expect([before.plus([entry("02")]).size, before.filter(() => false).size]).toEqual([3, 0]);
    expect([...before]).toEqual([entry("01"), entry("03")]);
  });
});

test("none are none", () => {
  expect([CrlEntries.NONE.size, CrlEntries.NONE.content.length, [...CrlEntries.NONE]]).toEqual([0, 0, []]);
  expect([CrlEntries.NONE.has(parseSerial("01")), CrlEntries.of([]).size]).toEqual([false, 0]);
  expect(
    CrlEntries.of([])
      .plus([entry("01")])
      .has(parseSerial("01")),
  ).toBe(true);
});

test("a serial twice is kept, for the lint to refuse", async () => {
  const twice = CrlEntries.of([entry("01")]).plus([entry("01")]);
  expect(twice.size).toBe(2);
  const plan = {
    ...ca,
    number: nextCrlNumber({ now: NOW }),
    thisUpdate: NOW,
    nextUpdate: new Date(NOW.getTime() + DAY),
  };
  await expect(encodeCrl({ ...plan, entries: twice })).rejects.toMatchObject({ code: "ERR_CRL_INPUT" });
});

test.each([
  ["no date", Number.NaN],
  ["a date before 2000", Date.UTC(1999, 11, 31)],
  ["a date after 2099", Date.UTC(2100, 0, 1)],
])("an entry with %s is refused by name", (_, ms) => {
  const act = (): unknown => CrlEntries.of([{ serial: parseSerial("4f1c"), revokedAt: new Date(ms) }]);
  expect(act).toThrow(
    expect.objectContaining({
      code: "ERR_CRL_INPUT",
      message: "CRL: serial 4f1c, revocationDate: date outside the years 2000 to 2099",
      cause: expect.any(RangeError),
    }),
  );
});

test.each([
  ["the last second of UTCTime", "2049-12-31T23:59:59Z", "170d3439313233313233353935395a"],
  ["the first of GeneralizedTime", "2050-01-01T00:00:00Z", "180f32303530303130313030303030305a"],
  ["milliseconds, which are cut off", "2026-11-22T03:04:05.999Z", "170d3236313132323033303430355a"],
])("%s", (_, date, encoding) => {
  const { content } = CrlEntries.of([{ serial: parseSerial("01"), revokedAt: new Date(date) }]);
  expect(Buffer.from(content).toString("hex").slice(10)).toBe(encoding);
});

largeTest("100,000 entries are far beyond AWS's bound, and one call", () => {
  expect(CrlEntries.of(manyEntries(100_000)).content.length).toBeGreaterThan(10 * MAX_CRL_CHARACTERS);
});
