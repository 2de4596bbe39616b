import { execFileSync } from "node:child_process";
import { generateKeyPairSync, verify } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import {
  CaError,
  exportUnencryptedPrivateKey,
  generateCaKey,
  importCaKey,
  type CaKey,
  type Signer,
  type SigningRequest,
} from "../../src/index.ts";
import { publicKeyObject, signVerified } from "../../src/keys/signer.ts";
import { signingRequest } from "../support/signing.ts";

test.each(["RSA-2048", "ECDSA-P256", "ECDSA-P384"] as const)(
  "a key of type %s comes back from its PEM and makes signatures that verify",
  async (algorithm) => {
    const key = await generateCaKey(algorithm);
    const again = importCaKey(exportUnencryptedPrivateKey(key));
    expect(again).toMatchObject({ algorithm, publicKeySpki: key.publicKeySpki });
    const signature = await signVerified(again, Buffer.from("tbs"), publicKeyObject(key.publicKeySpki));
    expect(signature.constructor).toBe(Uint8Array);
  },
);

test("printing, spreading and serialising a key show no private part", async () => {
  const key = await generateCaKey("ECDSA-P256");
  const secret = exportUnencryptedPrivateKey(key).split("\n")[1] ?? "none";
  const shown = [inspect(key, { depth: 9, showHidden: true }), JSON.stringify(key), inspect({ ...key })].join("\n");
  expect(shown).not.toContain(secret);
  expect(shown).not.toMatch(/PRIVATE|privateKey/);
  expect(() => exportUnencryptedPrivateKey({ ...key })).toThrow(TypeError);
});

describe("importCaKey refuses", () => {
  const pem = (modulusLength: number, publicExponent = 65537): string =>
    generateKeyPairSync("rsa", { modulusLength, publicExponent })
      .privateKey.export({ format: "pem", type: "pkcs8" })
      .toString();
  const good = pem(2048);
  test.each([
    ["a key that the key policy refuses", () => pem(1024)],
    ["an exponent of 3", () => pem(2048, 3)],
    ["Ed25519", () => generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString()],
    ["two keys", () => good + good],
    ["a PKCS#1 block", () => good.replaceAll("PRIVATE KEY", "RSA PRIVATE KEY")],
    ["a key that is cut off", () => good.replace(/.{64}\n/, "")],
    ["no PEM", () => "junk\njunk-with-secret"],
  ])("%s, and says nothing of what it read", (_, input) => {
    const text = input();
    let error: unknown;
    try {
      importCaKey(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(CaError);
    expect(error).toMatchObject({ code: "ERR_CA_KEY" });
    const body = text.split("\n")[1] ?? "none";
    expect(inspect(error, { depth: 9 })).not.toContain(body);
  });
});

describe("a signature that comes back from a signer is refused when it", () => {
  const tampering = (key: CaKey, edit: (signature: Uint8Array, tbs: Uint8Array) => Uint8Array): CaKey => ({
    ...key,
    sign: async (request) => edit(await key.sign(request), request.message),
  });
  const rows: readonly (readonly [string, (signature: Uint8Array) => Uint8Array])[] = [
    ["is empty", () => new Uint8Array(0)],
    ["has a byte more", (signature) => Uint8Array.of(...signature, 0)],
    [
      "has another last byte",
      (signature) => signature.map((byte, i) => (i === signature.length - 1 ? byte ^ 1 : byte)),
    ],
  ];
  test.each(rows)("%s", async (_, edit) => {
    for (const algorithm of ["RSA-2048", "ECDSA-P256"] as const) {
      const key = await generateCaKey(algorithm);
      const publicKey = publicKeyObject(key.publicKeySpki);
      const signed = signVerified(tampering(key, edit), Buffer.from("tbs"), publicKey);
      await expect(signed).rejects.toMatchObject({ code: "ERR_SIGNER_SIGNATURE" });
    }
  });

  test("is over other bytes", async () => {
    const key = await generateCaKey("ECDSA-P256");
    const signer = { ...key, sign: async (): Promise<Uint8Array> => key.sign(signingRequest(Buffer.from("other"))) };
    const signed = signVerified(signer, Buffer.from("tbs"), publicKeyObject(key.publicKeySpki));
    await expect(signed).rejects.toMatchObject({ code: "ERR_SIGNER_SIGNATURE" });
  });

  test("is over bytes that the signer changed in place", async () => {
    const key = await generateCaKey("ECDSA-P256");
    const tbs = Uint8Array.from(Buffer.from("tbs"));
    const signer = {
      ...key,
      sign: async (request: SigningRequest): Promise<Uint8Array> => {
        request.message.fill(0);
        return key.sign(request);
      },
    };
    const signed = signVerified(signer, tbs, publicKeyObject(key.publicKeySpki));
    await expect(signed).rejects.toMatchObject({ code: "ERR_SIGNER_SIGNATURE" });
    expect(Buffer.from(tbs).toString()).toBe("tbs");
  });
});

test.each(["RSA-2048", "ECDSA-P256", "ECDSA-P384"] as const)(
  "a signer that is only ever given the digest, as a token or key service is, signs with a key of type %s",
  async (algorithm) => {
    const folder = mkdtempSync(join(tmpdir(), "capstan-signer-"));
    try {
      const key = await generateCaKey(algorithm);
      const keyFile = join(folder, "key.pem");
      writeFileSync(keyFile, exportUnencryptedPrivateKey(key), { mode: 0o600 });
      const signer: Signer = {
        algorithm,
        publicKeySpki: key.publicKeySpki,
        sign: async ({ hash, digest }) =>
          execFileSync("openssl", ["pkeyutl", "-sign", "-inkey", keyFile, "-pkeyopt", `digest:${hash}`], {
            input: digest(),
          }),
      };
      for (const hash of ["sha256", "sha384"] as const) {
        const signature = await signVerified(signer, Buffer.from("tbs"), publicKeyObject(key.publicKeySpki), hash);
        expect(verify(hash, Buffer.from("tbs"), publicKeyObject(key.publicKeySpki), signature)).toBe(true);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

test("an Ed25519 key is no CA key", () => {
  const pem = generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  expect(() => importCaKey(pem)).toThrow("a CA key cannot be of type Ed25519");
});
