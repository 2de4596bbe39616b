import { expect, test } from "vitest";
import { formatLedgerResults } from "../src/format-ledger.ts";
import type { LedgerSample } from "../src/measure-ledger.ts";

const mebibyte = 1024 * 1024;

function sample(records: number, bytes: number, ms: number): LedgerSample {
  const memory = { resident: bytes, peak: 2 * bytes };
  return {
    records,
    etcdInUseBytes: bytes,
    etcdFileBytes: bytes,
    etcd: memory,
    apiServer: memory,
    times: { count: ms, expired: ms, index: ms, list: ms, "by serial": ms, revoked: ms, get: ms },
    controllers: { "issuer-controller": memory, "crl-publisher": memory },
  };
}

const run = { date: "2026-11-22T10:00:00Z", machine: { cores: 2, node: "24" }, perSecond: 27.4 };

test("the table compares the first sample with the last, for each record in between", () => {
  const samples = [sample(0, mebibyte, 1), sample(5, 7 * mebibyte, 5), sample(1024, 3 * mebibyte, 20)];
  const [head, titles, ...rows] = formatLedgerResults({ ...run, samples }).split("\n");
  expect(head).toBe("Ledger, 2026-11-22T10:00:00Z, 2 cores, Node 24; 27 records written a second");
  expect(titles?.trim().split(/ {2,}/)).toEqual(["0 records", "1024 records", "each"]);
  const cells = Object.fromEntries(
    rows.map((row) => row.split(/ {2,}/)).map(([name = "", ...rest]) => [name, rest.join(" | ").trim()]),
  );
  expect(cells["etcd, in use"]).toBe("1.0 MiB | 3.0 MiB | 2048 B");
  expect(cells["issuer controller, peak"]).toBe("2.0 MiB | 6.0 MiB | 4096 B");
  expect(cells["list"]).toMatch(/^1 ms \| 20 ms/);
  expect(rows).toHaveLength(14);
});

test.each([[[]], [[sample(0, 1, 1)]]])("fewer than two samples are no comparison", (samples) => {
  expect(() => formatLedgerResults({ ...run, samples })).toThrow("two samples make a comparison");
});
