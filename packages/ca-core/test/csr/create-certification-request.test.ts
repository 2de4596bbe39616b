import { execFileSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, expect, test } from "vitest";
import { checkCertificationRequest, createCertificationRequest } from "../../src/index.ts";

const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

describe("a request that we make", () => {
  test.each<[string, KeyObject]>([
    ["ECDSA-P256", ec],
    ["ECDSA-P384", generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey],
    ["RSA-2048", generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey],
  ])("passes our own check and OpenSSL's with a key %s", (algorithm, privateKey) => {
    const pem = createCertificationRequest({
      privateKey,
      subject: [
        { type: "O", value: "Example Corp" },
        { type: "CN", value: "web.demo" },
      ],
      subjectAlternativeNames: [
        { kind: "DNS", value: "web.demo.svc" },
        { kind: "URI", value: "spiffe://example.org/ns/demo/sa/web" },
      ],
    });
    const checked = checkCertificationRequest(pem);
    expect(checked.ok && checked.value).toMatchObject({
      subject: [
        { type: "O", value: "Example Corp" },
        { type: "CN", value: "web.demo" },
      ],
      subjectAlternativeNames: [
        { kind: "DNS", value: "web.demo.svc" },
        { kind: "URI", value: "spiffe://example.org/ns/demo/sa/web" },
      ],
      publicKey: { algorithm },
    });
    const shown = execFileSync("openssl", ["req", "-verify", "-noout", "-subject", "-pubkey", "-text"], {
      input: pem,
      stdio: ["pipe", "pipe", "ignore"],
    }).toString();
    expect(shown).toContain("URI:spiffe://example.org/ns/demo/sa/web");
    const own = createPublicKey(privateKey).export({ format: "pem", type: "spki" });
    expect(shown).toContain(own);
  });

  test("holds nothing of the private key", () => {
    const pem = createCertificationRequest({ privateKey: ec, subject: [{ type: "CN", value: "web.demo" }] });
    const { d = "" } = ec.export({ format: "jwk" });
    const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
    expect(der.includes(Buffer.from(d, "base64url"))).toBe(false);
  });

  test.each<[string, Parameters<typeof createCertificationRequest>[0]]>([
    [
      "a DNS name with a space",
      { privateKey: ec, subject: [], subjectAlternativeNames: [{ kind: "DNS", value: "a b" }] },
    ],
    [
      "a key that no issuer takes",
      {
        privateKey: generateKeyPairSync("ec", { namedCurve: "secp521r1" }).privateKey,
        subject: [{ type: "CN", value: "web.demo" }],
      },
    ],
  ])("is refused for %s", (_, plan) => {
    expect(() => createCertificationRequest(plan)).toThrow(expect.objectContaining({ code: "ERR_LEAF_INPUT" }));
  });
});
