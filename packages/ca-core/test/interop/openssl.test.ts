import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  checkCertificationRequest,
  KEY_ALGORITHM_NAMES,
  prepareLeaf,
  issueLeaf,
  usagesOf,
  type KeyAlgorithm,
} from "../../src/index.ts";
import { authority, DAY } from "../support/authority.ts";
import { newCrl } from "../support/crl.ts";
import { leafPlan, newLeaf } from "../support/leaf.ts";
import { codesOf } from "../support/request.ts";

let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "capstan-openssl-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Standard output; an exit status other than 0 throws, with what openssl said in the message. */
function openssl(...args: readonly string[]): string {
  return execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** A request that the openssl command makes, with these options for its key. */
function requestOf(keyOptions: readonly string[], extra: readonly string[] = []): string {
  const common = [
    "-subj",
    "/O=Example Corp/CN=web.demo",
    "-addext",
    "subjectAltName=DNS:web.demo.svc,URI:spiffe://example.org/web",
  ];
  return openssl("req", "-new", "-nodes", "-keyout", at("key.pem"), ...keyOptions, ...common, ...extra);
}

const EC = (curve: string): string[] => ["-newkey", "ec", "-pkeyopt", `ec_paramgen_curve:${curve}`];
const RSA = (bits: number, ...more: readonly string[]): string[] => ["-newkey", `rsa:${bits}`, ...more];

const KEY_OPTIONS: { readonly [algorithm in KeyAlgorithm]: readonly string[] } = {
  "RSA-2048": RSA(2048),
  "RSA-3072": RSA(3072, "-sha384"),
  "RSA-4096": RSA(4096, "-sha512"),
  "ECDSA-P256": EC("P-256"),
  "ECDSA-P384": [...EC("P-384"), "-sha384"],
};

describe("requests made by openssl", () => {
  test.each(KEY_ALGORITHM_NAMES)("with a key of type %s are accepted as they were meant", (algorithm) => {
    const checked = checkCertificationRequest(requestOf(KEY_OPTIONS[algorithm]));
    expect(checked.ok && checked.value).toMatchObject({
      subject: [
        { type: "O", value: "Example Corp" },
        { type: "CN", value: "web.demo" },
      ],
      subjectAlternativeNames: [
        { kind: "DNS", value: "web.demo.svc" },
        { kind: "URI", value: "spiffe://example.org/web" },
      ],
      publicKey: { algorithm },
    });
  });

  test.each([
    ["RSA-1024", RSA(1024), "ERR_KEY_RSA_SIZE"],
    ["RSA-2056", RSA(2056), "ERR_KEY_RSA_SIZE"],
    ["e = 3", RSA(2048, "-pkeyopt", "rsa_keygen_pubexp:3"), "ERR_KEY_RSA_EXPONENT"],
    ["P-521", EC("P-521"), "ERR_KEY_EC_CURVE"],
    ["explicit parameters", [...EC("P-256"), "-pkeyopt", "ec_param_enc:explicit"], "ERR_KEY_EC_CURVE"],
    ["secp256k1", EC("secp256k1"), "ERR_KEY_EC_CURVE"],
    ["Ed25519", ["-newkey", "ed25519"], "ERR_KEY_ALGORITHM"],
    ["RSA-PSS", ["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"], "ERR_KEY_ALGORITHM"],
    ["SHA-1", RSA(2048, "-sha1"), "ERR_SIGNATURE_ALGORITHM"],
    ["RSASSA-PSS over an ordinary key", RSA(2048, "-sigopt", "rsa_padding_mode:pss"), "ERR_SIGNATURE_ALGORITHM"],
  ] as const)("with %s are refused", (_, options, code) => {
    expect(codesOf(requestOf(options))).toEqual([code]);
  });

  test("for a CA are refused by the profile", () => {
    const ca = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"];
    expect(codesOf(requestOf(EC("P-256"), ca))).toEqual(["ERR_CA_NOT_ALLOWED", "ERR_USAGE_NOT_ALLOWED"]);
  });

  test("with usages inside the profile are accepted", () => {
    const usages = [
      "-addext",
      "basicConstraints=CA:FALSE",
      "-addext",
      "keyUsage=digitalSignature",
      "-addext",
      "extendedKeyUsage=clientAuth",
    ];
    expect(codesOf(requestOf(EC("P-256"), usages))).toEqual([]);
  });
});

describe.each(KEY_ALGORITHM_NAMES)("under a root of type %s", (algorithm) => {
  test("openssl verifies a leaf strictly, and refuses it once the CRL names it", async () => {
    // openssl verifies against its own clock.
    const now = new Date();
    const ca = await authority(algorithm, 3, now);
    const times = { notBefore: new Date(now.getTime() - 60_000), notAfter: new Date(now.getTime() + DAY) };
    const leaf = await newLeaf(ca, times);
    const others = await Promise.all([1, 2, 3].map(() => newLeaf(ca, times)));
    writeFileSync(at("root.pem"), ca.root.pem);
    writeFileSync(at("leaf.pem"), leaf.pem);
    const entries = others.map(({ serial }) => ({ serial, revokedAt: now }));
    const verify = (): string =>
      openssl(
        "verify",
        "-x509_strict",
        "-crl_check",
        "-CAfile",
        at("root.pem"),
        "-CRLfile",
        at("crl.pem"),
        at("leaf.pem"),
      );

    writeFileSync(at("crl.pem"), (await newCrl(ca, entries, { thisUpdate: now })).pem);
    expect(verify()).toBe(`${at("leaf.pem")}: OK\n`);

    const withLeaf = [...entries, { serial: leaf.serial, revokedAt: now, reason: "keyCompromise" as const }];
    const crl = await newCrl(ca, withLeaf, { thisUpdate: new Date(now.getTime() + 1000) });
    writeFileSync(at("crl.pem"), crl.pem);
    expect(verify).toThrow(/certificate revoked/);

    const options = ["-noout", "-text", "-nameopt", "RFC2253", "-verify", "-CAfile", at("root.pem")];
    const text = openssl("crl", "-in", at("crl.pem"), ...options);
    const serials = [...text.matchAll(/Serial Number: ([0-9A-F]+)/g)].map(([, serial]) => serial?.toLowerCase());
    expect(serials).toEqual(Array.from(crl.entries, ({ serial }) => serial));
    expect(text).toContain("Version 2 (0x1)");
    expect(text).toMatch(/X509v3 CRL Number: \n\s+\d+/);
    expect(text).toMatch(/X509v3 CRL Reason Code: \n\s+Key Compromise/);
    expect(text).toContain("Issuer: serialNumber=3,O=Example Corp,CN=Example Fleet CA");
  });
});

test("a leaf for a request of openssl, as openssl prints it", async () => {
  const ca = await authority("RSA-2048");
  const checked = checkCertificationRequest(requestOf(RSA(2048)));
  if (!checked.ok) throw new Error("refused");
  const { subject, subjectAlternativeNames, publicKey } = checked.value;
  const plan = leafPlan(ca, {
    subject,
    subjectAlternativeNames,
    publicKeySpki: publicKey.spki,
    usages: usagesOf(undefined),
  });
  const leaf = await issueLeaf({ ticket: prepareLeaf(plan).ticket, signer: ca.signer });
  writeFileSync(at("leaf.pem"), leaf.pem);
  const options = [
    "-noout",
    "-nameopt",
    "RFC2253",
    "-subject",
    "-issuer",
    "-dates",
    "-ext",
    "keyUsage,extendedKeyUsage,subjectAltName,basicConstraints",
  ];
  const text = openssl("x509", "-in", at("leaf.pem"), ...options).replaceAll(/ +$/gm, "");
  expect(text).toMatchInlineSnapshot(`
    "subject=CN=web.demo,O=Example Corp
    issuer=serialNumber=1,O=Example Corp,CN=Example Fleet CA
    notBefore=Nov 22 02:55:00 2026 GMT
    notAfter=Nov 23 02:00:00 2026 GMT
    X509v3 Basic Constraints: critical
        CA:FALSE
    X509v3 Key Usage: critical
        Digital Signature, Key Encipherment
    X509v3 Subject Alternative Name:
        DNS:web.demo.svc, URI:spiffe://example.org/web
    "
  `);
});
