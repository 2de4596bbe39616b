import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LEAF_KEY_ALGORITHM_NAMES } from "@capstan/ca-core";
import type { BenchResults } from "../src/results.ts";

const MAIN = fileURLToPath(new URL("../src/bench-core-main.ts", import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), "capstan-bench-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function bench(...args: string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return await promisify(execFile)(process.execPath, ["--conditions=@capstan/source", MAIN, ...args]);
}

describe("a small run", () => {
  const json = path.join(folder, "results.json");
  let output: { readonly stdout: string; readonly stderr: string };
  let results: BenchResults;

  // Takes ten seconds or so on a quiet machine: it makes keys, starts processes and may have to build the Go side.
  beforeAll(async () => {
    output = await bench("--smoke", "--json", json);
    results = JSON.parse(readFileSync(json, "utf8")) as BenchResults;
  }, 300_000);

  test("has every figure, each a number above zero but the work of 0 µs", () => {
    expect(results.leaves.map(({ algorithm, inFlight }) => `${algorithm} ${inFlight}`)).toEqual([
      "RSA-2048 1",
      "RSA-2048 16",
      "ECDSA-P256 1",
      "ECDSA-P256 16",
    ]);
    expect(results.crl.map(({ maker, entries }) => `${maker} ${entries}`)).toEqual([
      "ca-core 1000",
      "peculiar 1000",
      "go 1000",
      "ca-core 10000",
      "go 10000",
      "ca-core 100000",
      "go 100000",
    ]);
    expect(results.check.map(({ algorithm }) => algorithm)).toEqual(LEAF_KEY_ALGORITHM_NAMES);
    const names = ["ca-core", "floor", "floor-without-own-verify", "peculiar", "go"];
    for (const { leavesPerSecond, ratios } of results.leaves) {
      expect(Object.keys(leavesPerSecond)).toEqual(names);
      expect(Object.keys(ratios)).toEqual(names.slice(1));
    }
    const figures = [
      ...results.leaves.flatMap(({ leavesPerSecond, ratios }) => [leavesPerSecond, ratios]),
      ...results.handover,
      ...results.crl,
      ...results.check,
      ...results.targets,
    ].flatMap((figures) => Object.values(figures).filter((figure) => typeof figure === "number"));
    expect(figures).toHaveLength(4 * (5 + 4) + 3 * 3 + 7 * 4 + 6 * 6 + 18);
    expect(figures.filter((figure) => !(figure > 0))).toEqual([0]);
    expect(results.targets).toHaveLength(10 + 2 + 6);
  });

  test("made certificates with every contestant, which OpenSSL verifies", () => {
    expect(results.certificates.map(({ contestant, algorithm }) => `${contestant} ${algorithm}`)).toEqual([
      "ca-core RSA-2048",
      "peculiar RSA-2048",
      "go RSA-2048",
      "ca-core ECDSA-P256",
      "peculiar ECDSA-P256",
      "go ECDSA-P256",
    ]);
    for (const { algorithm, certificate, root } of results.certificates) {
      const leaf = new X509Certificate(certificate);
      expect(leaf.verify(new X509Certificate(root).publicKey)).toBe(true);
      expect(leaf.publicKey.asymmetricKeyType).toBe(algorithm === "RSA-2048" ? "rsa" : "ec");
      expect(leaf.subjectAltName).toMatch(/^DNS:web-\d+\.demo\.svc, URI:spiffe:\/\/example\.org\//);
    }
  });

  test("makes CRLs in linear time, of the same length as Go's", () => {
    const of = (maker: string, entries: number): BenchResults["crl"][number] | undefined =>
      results.crl.find((result) => result.maker === maker && result.entries === entries);
    const [small, large] = [of("ca-core", 10_000), of("ca-core", 100_000)];
    // Ten times as many entries: a quadratic encoder takes a hundred times as long.
    expect(large?.elapsedMs).toBeLessThan(40 * (small?.elapsedMs ?? 0));
    expect(large?.crlBytes).toBe(of("go", 100_000)?.crlBytes);
  });

  test("finds ca-core faster than @peculiar/x509", () => {
    for (const { ratios } of results.leaves) expect(ratios.peculiar).toBeGreaterThan(1);
  });

  test("prints the tables on stdout and its progress on stderr", () => {
    const titles = output.stdout.split("\n").filter((line) => /^\S/.test(line));
    expect(titles).toEqual([
      "Leaves per second",
      "ca-core's rate as a multiple of",
      "An RSA-2048 signature on the thread pool, in microseconds",
      "CRLs",
      "Strict check of a request, in microseconds",
      "Targets",
      json,
    ]);
    expect(output.stderr).toMatch(/^\[ *\d+m\d\ds\] /);
  });
});

test("--only runs one part, and leaves the figures of others empty", async () => {
  const json = path.join(folder, "check.json");
  await bench("--smoke", "--only", "check", "--json", json);
  const results = JSON.parse(readFileSync(json, "utf8")) as BenchResults;
  expect(results).toMatchObject({ leaves: [], handover: [], crl: [], certificates: [] });
  expect(results.check).toHaveLength(6);
}, 300_000);

test.each([
  ["a part that does not exist", ["--only", "speed"], "--only speed: must be one of leaves, handover, crl, check"],
  ["an option that does not exist", ["--quick"], "Unknown option '--quick'"],
])("%s is refused", async (_, args, message) => {
  await expect(bench(...args)).rejects.toThrow(message);
});
