import { beforeAll, describe, expect, test } from "vitest";
import {
  CrlEntries,
  encodeCrl,
  parseCrlNumber,
  parseSerial,
  readCrl,
  type CrlEntry,
  type CrlPlan,
  type SigningRequest,
} from "../../src/index.ts";
import { authority, DAY, NOW, type Authority } from "../support/authority.ts";
import { entry, manyEntries, newCrl } from "../support/crl.ts";
import { largeTest, ROOT_ALGORITHMS } from "../support/large-test.ts";

let ca: Authority;

beforeAll(async () => {
  ca = await authority();
});

test.each(ROOT_ALGORITHMS)(
  "a CRL of a root of type %s reads back as it was planned, from PEM and DER",
  async (algorithm) => {
    const from = await authority(algorithm);
    const entries = [entry("ff01", "keyCompromise"), entry("02"), entry("7f")];
    const crl = await newCrl(from, entries, { number: parseCrlNumber("255") });
    expect([...crl.entries]).toEqual([entry("02"), entry("7f"), entry("ff01", "keyCompromise")]);
    expect(crl).toMatchObject({
      number: 255n,
      thisUpdate: NOW,
      nextUpdate: new Date(NOW.getTime() + 30 * DAY),
      issuerDer: from.root.subjectDer,
      authorityKeyIdentifier: from.root.ski,
    });
    expect(crl.pem.startsWith("-----BEGIN X509 CRL-----\n")).toBe(true);
    expect(readCrl(crl.pem)).toEqual(readCrl(crl.der));
  },
);

test("an empty list is left out, and unspecified is left out", async () => {
  expect([...(await newCrl(ca, [])).entries]).toEqual([]);
  expect([...(await newCrl(ca, [entry("01", "unspecified")])).entries]).toEqual([entry("01")]);
});

largeTest(
  "eight times the entries take about eight times the work, not 64 times",
  async () => {
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
  },
  120_000,
);

largeTest(
  "150,000 entries fit into one call",
  async () => {
    expect((await newCrl(ca, manyEntries(150_000))).entries.size).toBe(150_000);
  },
  120_000,
);

describe("encodeCrl refuses", () => {
  const rows: readonly (readonly [string, readonly CrlEntry[], Partial<CrlPlan>])[] = [
    ["a serial twice", [entry("01"), entry("02"), entry("01")], {}],
    ["a revocation after thisUpdate", [{ serial: parseSerial("01"), revokedAt: new Date(NOW.getTime() + 1000) }], {}],
    ["nextUpdate before thisUpdate", [], { nextUpdate: new Date(NOW.getTime() - 1) }],
    ["nextUpdate without a time", [], { nextUpdate: new Date(Number.NaN) }],
    ["a year after 2099", [], { nextUpdate: new Date("2100-01-01T00:00:00Z") }],
  ];
  test.each(rows)("%s", async (_, entries, changes) => {
    await expect(newCrl(ca, entries, changes)).rejects.toMatchObject({ code: "ERR_CRL_INPUT" });
  });

  test("a list by the rules that it breaks", async () => {
    const entries = [
      entry("02"),
      entry("02"),
      { serial: parseSerial("03"), revokedAt: new Date(NOW.getTime() + 1000) },
    ];
    await expect(newCrl(ca, entries)).rejects.toThrow(
      "CRL: entry 1, serial 02: the serial is listed twice (RFC 5280, 5.1.2.6) (crl_serials_are_unique); " +
        "entry 2, serial 03: it is revoked after thisUpdate (RFC 5280, 5.1.2.4 and 5.1.2.6) (crl_revocation_time_after_this_update)",
    );
  });

  test("a date by what is wrong with it, and with the cause", async () => {
    await expect(newCrl(ca, [], { nextUpdate: new Date(Number.NaN) })).rejects.toMatchObject({
      message: "CRL: date outside the years 2000 to 2099",
      cause: expect.any(RangeError),
    });
  });

  test("nothing for a fault of our own, which is thrown as it is", async () => {
    await expect(newCrl(ca, [], { number: undefined as never })).rejects.toThrow(TypeError);
  });

  test("another generation's key, and a signature that does not verify", async () => {
    const other = await authority();
    const plan = {
      root: ca.root,
      number: parseCrlNumber("1"),
      thisUpdate: NOW,
      nextUpdate: new Date(NOW.getTime() + DAY),
      entries: CrlEntries.NONE,
    };
    await expect(encodeCrl({ ...plan, signer: other.signer })).rejects.toMatchObject({ code: "ERR_SIGNER_KEY" });
    const signer = { ...ca.signer, sign: async (request: SigningRequest) => other.signer.sign(request) };
    await expect(encodeCrl({ ...plan, signer })).rejects.toMatchObject({ code: "ERR_SIGNER_SIGNATURE" });
  });
});
