import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { encodePem } from "@capstan/ca-core";
import { installTool } from "@capstan/test-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readCertificateByGo, readCrlByGo, type CertificateReading } from "../src/go-answers.ts";
import { askGo, type GoOpinion } from "../src/go-opinion.ts";
import { crlLines, linesOf } from "../src/openssl-expectations.ts";
import { printCrl } from "../src/openssl-opinion.ts";
import { runCommand } from "../src/run-command.ts";
import { runZlint } from "../src/zlint-opinion.ts";
import { ALLOWED_LINTS, LINT_SOURCES } from "../src/zlint-rules.ts";

// What ca-core is held to byte by byte, in the eyes of those who do not know how the bytes came about. Files under ECDSA
// keys hold no signature, so those under the RSA key stand for both.
const FOLDER = fileURLToPath(new URL("../../../packages/ca-core/test/golden/", import.meta.url));
const named = (folder: string, end: string): string[] =>
  readdirSync(`${FOLDER}${folder}`)
    .filter((name) => name.endsWith(end))
    .map((name) => `${folder}/${name}`);
const ROOTS = named("root", ".cert.der");
const LEAVES = named("leaf", ".RSA-2048.cert.der");
const CRLS = named("crl", ".RSA-2048.crl.der");
const CRL_ROOT = `${FOLDER}crl/RSA-2048.root.pem`;
/** When all of the leaves are valid. */
const AT = new Date("2026-11-22T03:00:00Z");
const TIMEOUT_MS = 600_000;

const log = (line: string): void => void process.stderr.write(`${line}\n`);
const bytesOf = (name: string): Uint8Array => readFileSync(`${FOLDER}${name}`);
/** leaf/general-ca.RSA-2048.cert.der → root/general.RSA-2048.cert.der */
const rootOf = (leaf: string): string => `root/${/^leaf\/(roles-anywhere|general)-/.exec(leaf)?.[1]}.RSA-2048.cert.der`;

let go: GoOpinion;
let crlRoot: Uint8Array;
let temporary: string;

beforeAll(async () => {
  temporary = mkdtempSync(path.join(tmpdir(), "capstan-golden-"));
  go = await askGo(log);
  crlRoot = Buffer.from(readFileSync(CRL_ROOT, "latin1").replaceAll(/-----.*-----|\s/g, ""), "base64");
}, TIMEOUT_MS);

afterAll(() => {
  rmSync(temporary, { recursive: true, force: true });
});

test("there are golden files of each kind", () => {
  expect([ROOTS.length, LEAVES.length, CRLS.length].every((count) => count >= 5)).toBe(true);
});

test.each(ROOTS)("Go finds %s signed by itself", async (name) => {
  const der = bytesOf(name);
  const { faults } = await readCertificateByGo(go, { der, issuer: der, at: AT });
  // One begins after 2049, and would be no path yet.
  expect(faults.filter((fault) => !fault.includes("expired or is not yet valid"))).toEqual([]);
});

describe.each(LEAVES)("%s", (name) => {
  test("is verified by Go", async () => {
    const { faults } = await readCertificateByGo(go, { der: bytesOf(name), issuer: bytesOf(rootOf(name)), at: AT });
    expect(faults).toEqual([]);
  });

  test("is verified by openssl", async () => {
    const root = path.join(temporary, "root.pem");
    writeFileSync(root, encodePem("CERTIFICATE", bytesOf(rootOf(name))));
    const time = String(AT.getTime() / 1000);
    const options = ["-x509_strict", "-attime", time, "-CAfile", root];
    const { stdout, stderr } = await runCommand("openssl", ["verify", ...options, `${FOLDER}${name}`]);
    expect(stderr + stdout).toBe(`${FOLDER}${name}: OK\n`);
  });
});

test.each(CRLS)("openssl verifies %s and reads in it what Go reads", async (name) => {
  const read = await readCrlByGo(go, bytesOf(name), crlRoot);
  const issuer = await readCertificateByGo(go, { der: crlRoot, issuer: crlRoot, at: AT });
  expect(read.faults).toEqual([]);
  const lines = crlLines({ ...read, signature: { key: "RSA", hash: "sha256" } }, issuer);
  const { isVerified, text } = await printCrl(`${FOLDER}${name}`, CRL_ROOT);
  expect({ isVerified, lines: linesOf(text) }).toEqual({ isVerified: true, lines });
});

test("zlint finds nothing in them but what is allowed", { timeout: TIMEOUT_MS }, async () => {
  const zlint = await installTool("zlint", { log });
  const readings = new Map<string, CertificateReading>();
  for (const name of [...ROOTS, ...LEAVES]) {
    readings.set(
      `${FOLDER}${name}`,
      await readCertificateByGo(go, { der: bytesOf(name), issuer: bytesOf(name), at: AT }),
    );
  }
  const files = [...readings.keys(), ...CRLS.map((name) => `${FOLDER}${name}`)];
  const findings = await runZlint(zlint, LINT_SOURCES, files);
  const unexpected = findings.filter(({ file, lint }) => {
    const reading = readings.get(file);
    return reading === undefined || ALLOWED_LINTS.find((rule) => rule.lint === lint)?.mayBreak(reading) !== true;
  });
  expect(unexpected).toEqual([]);
});
