import { monitorEventLoopDelay } from "node:perf_hooks";
import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { checkCrlBeforePublication, parseCrlNumber, type Crl, type PublicationQuestion } from "../../src/index.ts";
import { bitString, sequence } from "../../src/der/write.ts";
import { writeName } from "../../src/name/write-name.ts";
import { authority, DAY, HOUR, MINUTE, NOW, type Authority } from "../support/authority.ts";
import type { SecondReaderOptions } from "../../src/x509/second-reading.ts";
import { entry, manyEntries, newCrl } from "../support/crl.ts";
import { runs } from "../support/fuzz.ts";
import { largeTest } from "../support/large-test.ts";
import { rawCrl } from "../support/raw-crl.ts";
import { AGREEING_READER, readerThatThrows, readerWith } from "../support/second-reader.ts";

let ca: Authority;
let other: Authority;
let previous: Crl;

beforeAll(async () => {
  ca = await authority();
  other = await authority("ECDSA-P256", 2);
  previous = await newCrl(ca, [entry("01"), entry("02")], { thisUpdate: at(-HOUR) });
});

const at = (ms: number): Date => new Date(NOW.getTime() + ms);
const ask = async (
  next: Crl,
  changes: Partial<PublicationQuestion> = {},
  secondReader: SecondReaderOptions = AGREEING_READER,
): Promise<string[]> => {
  const question = {
    next: next.pem,
    previous,
    root: ca.root,
    now: NOW,
    expectedCount: next.entries.size,
    notAfterOf: () => at(DAY),
    ...changes,
  };
  return (await checkCrlBeforePublication(question, secondReader)).map(({ code }) => code);
};

const BOTH = [entry("01"), entry("02")];

test("a CRL with one entry more, a higher number and a later time may be published", async () => {
  expect(await ask(await newCrl(ca, [...BOTH, entry("03", "keyCompromise")]))).toEqual([]);
});

test.each([-5 * MINUTE, 5 * MINUTE])("a clock that is %i ms off thisUpdate is one to publish by", async (ms) => {
  expect(await ask(await newCrl(ca, BOTH), { now: at(ms) })).toEqual([]);
});

test("the first CRL of a generation needs no previous one", async () => {
  const next = await newCrl(ca, BOTH);
  const question = { next: next.der, root: ca.root, now: NOW, expectedCount: 2, notAfterOf: () => undefined };
  expect(await checkCrlBeforePublication(question, AGREEING_READER)).toEqual([]);
});

describe("publication is refused for", () => {
  const rows: readonly (readonly [string, () => Promise<string[]>, readonly string[]])[] = [
    [
      "the same number",
      async () => ask(await newCrl(ca, BOTH, { number: previous.number })),
      ["ERR_CRL_NUMBER_NOT_HIGHER"],
    ],
    [
      "a lower number",
      async () => ask(await newCrl(ca, BOTH, { number: parseCrlNumber("5") })),
      ["ERR_CRL_NUMBER_NOT_HIGHER"],
    ],
    [
      "the same thisUpdate",
      async () =>
        ask(await newCrl(ca, BOTH, { thisUpdate: previous.thisUpdate, number: parseCrlNumber("9999999999999") }), {
          now: previous.thisUpdate,
        }),
      ["ERR_CRL_THIS_UPDATE"],
    ],
    [
      "a thisUpdate of an hour ago",
      async () => ask(await newCrl(ca, BOTH), { now: at(HOUR) }),
      ["ERR_CRL_THIS_UPDATE"],
    ],
    ["a thisUpdate in an hour", async () => ask(await newCrl(ca, BOTH), { now: at(-HOUR) }), ["ERR_CRL_THIS_UPDATE"]],
    [
      "a thisUpdate a second more than five minutes ago",
      async () => ask(await newCrl(ca, BOTH), { now: at(5 * MINUTE + 1000) }),
      ["ERR_CRL_THIS_UPDATE"],
    ],
    [
      "a thisUpdate in a second more than five minutes",
      async () => ask(await newCrl(ca, BOTH), { now: at(-5 * MINUTE - 1000) }),
      ["ERR_CRL_THIS_UPDATE"],
    ],
    [
      "a clock that gives no time",
      async () => ask(await newCrl(ca, BOTH), { now: new Date(Number.NaN) }),
      ["ERR_CRL_THIS_UPDATE", "ERR_CRL_NEXT_UPDATE"],
    ],
    [
      "a nextUpdate that has passed",
      async () => ask(await newCrl(ca, BOTH, { nextUpdate: at(MINUTE) }), { now: at(2 * MINUTE) }),
      ["ERR_CRL_NEXT_UPDATE"],
    ],
    [
      "a nextUpdate that is now",
      async () => ask(await newCrl(ca, BOTH, { nextUpdate: at(MINUTE) }), { now: at(MINUTE) }),
      ["ERR_CRL_NEXT_UPDATE"],
    ],
    [
      "an entry that vanished",
      async () => ask(await newCrl(ca, [entry("02"), entry("03")])),
      ["ERR_CRL_ENTRY_VANISHED"],
    ],
    [
      "all entries vanished",
      async () => ask(await newCrl(ca, [])),
      ["ERR_CRL_ENTRY_VANISHED", "ERR_CRL_ENTRY_VANISHED"],
    ],
    [
      "an entry that vanished, of a leaf that we know nothing of",
      async () => ask(await newCrl(ca, [entry("02")]), { notAfterOf: () => undefined }),
      ["ERR_CRL_ENTRY_VANISHED"],
    ],
    [
      "an entry that vanished before it was on a CRL after its leaf's end",
      async () => ask(await newCrl(ca, [entry("02")]), { notAfterOf: () => at(-HOUR + MINUTE) }),
      ["ERR_CRL_ENTRY_VANISHED"],
    ],
    [
      "fewer entries than the records hold",
      async () => ask(await newCrl(ca, BOTH), { expectedCount: 3 }),
      ["ERR_CRL_ENTRY_COUNT"],
    ],
    [
      "more entries than the records hold",
      async () => ask(await newCrl(ca, BOTH), { expectedCount: 1 }),
      ["ERR_CRL_ENTRY_COUNT"],
    ],
    [
      "another generation's CRL",
      async () => ask(await newCrl(other, BOTH)),
      ["ERR_CRL_ISSUER", "ERR_CRL_AUTHORITY_KEY", "ERR_CRL_SIGNATURE"],
    ],
  ];
  test.each(rows)("%s", async (_, codes, expected) => {
    expect(await codes()).toEqual(expected);
  });

  test("a signature with a byte after it", async () => {
    const next = await newCrl(ca, BOTH);
    const signature = Uint8Array.of(...next.signature, 0);
    const der = sequence(next.tbs, next.signatureAlgorithm, bitString(signature));
    expect(await ask(next, { next: der })).toEqual(["ERR_CRL_SIGNATURE"]);
  });

  test("more characters than AWS takes, of an issuer's name without end", async () => {
    const codesOf = async (octets: number): Promise<string[]> => {
      const issuer = writeName([{ type: "CN", value: "x".repeat(octets) }]);
      const next = rawCrl(ca.root, { issuer });
      const question = { next, root: ca.root, now: NOW, expectedCount: 0, notAfterOf: () => undefined };
      return (await checkCrlBeforePublication(question, AGREEING_READER)).map(({ code }) => code);
    };
    expect(await codesOf(200_000)).toEqual(["ERR_CRL_ISSUER", "ERR_CRL_SIGNATURE"]);
    expect(await codesOf(230_000)).toEqual(["ERR_CRL_ISSUER", "ERR_CRL_SIGNATURE", "ERR_CRL_SIZE"]);
  });

  largeTest("a CRL of more characters than AWS takes", async () => {
    const next = await newCrl(ca, [...BOTH, ...manyEntries(6_600)]);
    expect(await ask(next, { next: next.der })).toEqual(["ERR_CRL_SIZE"]);
    await expect(ask(next)).rejects.toMatchObject({ code: "ERR_PEM_SIZE" });
  });

  test("a changed byte anywhere", async () => {
    const { der } = await newCrl(ca, [...BOTH, entry("03", "superseded")]);
    for (let i = 0; i < der.length; i += 1) {
      const changed = Uint8Array.from(der);
      changed[i] = (changed[i] ?? 0) ^ (1 << (i % 8));
      let refused: boolean;
      try {
        const question = {
          next: changed,
          previous,
          root: ca.root,
          now: NOW,
          expectedCount: 3,
          notAfterOf: () => at(DAY),
        };
        refused = (await checkCrlBeforePublication(question, AGREEING_READER)).length > 0;
      } catch (error) {
        expect(error).toHaveProperty("code");
        refused = true;
      }
      expect({ byte: i, refused }).toEqual({ byte: i, refused: true });
    }
  });
});

describe("publication is refused when a second reader", () => {
  const differs = "pkijs reads other times or serials in it";
  const serials = BOTH.map(({ serial }) => serial);
  test.each<[fact: string, reader: SecondReaderOptions, rule: string]>([
    ["reads a serial less", readerWith({ serials: serials.slice(0, 1) }), differs],
    ["reads a serial more", readerWith({ serials: [...serials, "03"] }), differs],
    ["reads another serial", readerWith({ serials: [...serials.slice(0, 1), "03"] }), differs],
    ["reads another thisUpdate", readerWith({ thisUpdate: at(1000) }), differs],
    ["reads another nextUpdate", readerWith({ nextUpdate: at(DAY) }), differs],
    ["reads no nextUpdate", readerWith({ nextUpdate: undefined }), differs],
    ["fails", readerThatThrows(new Error("broken")), "pkijs cannot read it: broken"],
    ["fails with what is no error", readerThatThrows(7), "pkijs cannot read it: 7"],
  ])("%s", async (_, reader, rule) => {
    const next = await newCrl(ca, BOTH);
    const question = { next: next.der, root: ca.root, now: NOW, expectedCount: 2, notAfterOf: () => undefined };
    expect(await checkCrlBeforePublication(question, reader)).toEqual([
      { code: "ERR_CRL_SECOND_READER", field: "CRL: encoding", rule },
    ]);
  });
});

largeTest("6,200 entries pass both readers, and the event loop goes on meanwhile", async () => {
  const next = await newCrl(ca, [...BOTH, ...manyEntries(6_200)]);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  const begin = performance.now();
  delay.enable();
  expect(await ask(next, {}, {})).toEqual([]);
  delay.disable();
  // pkijs alone takes most of this time: were it in this thread, the longest stop would be as long.
  expect(delay.max / 1e6).toBeLessThan((performance.now() - begin) / 2);
});

test("an entry may go once it was on a CRL issued after its leaf's end", async () => {
  expect(await ask(await newCrl(ca, [entry("02")]), { notAfterOf: () => at(-HOUR - MINUTE) })).toEqual([]);
});

test("no unexpired revoked serial is ever missing from what may be published", async () => {
  const serials = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(
      serials,
      serials,
      fc.func(fc.integer({ min: -3 * HOUR, max: DAY })),
      async (before, after, endOf) => {
        const list = (numbers: readonly number[]): ReturnType<typeof entry>[] =>
          numbers.map((n) => entry(n.toString(16)));
        const published = await newCrl(ca, list(before), { thisUpdate: at(-HOUR) });
        const next = await newCrl(ca, list(after));
        const notAfterOf = (serial: string): Date => at(endOf(serial));
        const codes = await ask(next, { previous: published, notAfterOf });
        const lost = list(before).filter(({ serial }) => !next.entries.has(serial) && notAfterOf(serial) >= NOW);
        if (lost.length > 0) expect(codes).toContain("ERR_CRL_ENTRY_VANISHED");
      },
    ),
    { numRuns: runs(100) },
  );
});

test("the message names the serial that vanished", async () => {
  const next = await newCrl(ca, [entry("02")]);
  const question = { next: next.pem, previous, root: ca.root, now: NOW, expectedCount: 1, notAfterOf: () => at(DAY) };
  const [violation] = await checkCrlBeforePublication(question, AGREEING_READER);
  expect(violation).toMatchObject({
    field: "CRL: revokedCertificates",
    rule: expect.stringMatching(/^serial 01 is gone/),
  });
});
