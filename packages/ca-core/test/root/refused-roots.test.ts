import { generateKeyPairSync, sign } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { extension } from "../../src/certificate/write-extension.ts";
import { namedBits, octetString, sequence } from "../../src/der/write.ts";
import { assertRootUsable, generateCaKey, readRoot, type ProfileName } from "../../src/index.ts";
import { SIGNATURE_ALGORITHM_DER } from "../../src/keys/algorithms.ts";
import { OID } from "../../src/lib/oids.ts";
import { authority, DAY, NOW, type Authority } from "../support/authority.ts";
import { spkiOf } from "../support/request.ts";
import { BASIC, KEY_ID, selfSigned, USAGE, type RootParts } from "../support/self-signed.ts";

let ca: Authority;

beforeAll(async () => {
  ca = await authority();
});

describe("a CA certificate's file is refused, and the reason named:", () => {
  const later = (ms: number): Date => new Date(NOW.getTime() + ms);
  const refusedUse = (use: () => void): unknown => {
    try {
      use();
    } catch (error) {
      return error;
    }
    return undefined;
  };
  const rsa1024 = (): Uint8Array => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const spki = spkiOf(privateKey);
    const keyId = extension(OID.subjectKeyIdentifier, false, octetString(new Uint8Array(20)));
    const algorithm = SIGNATURE_ALGORITHM_DER.RSA.sha256;
    const signed = (tbs: Uint8Array): Uint8Array => sign("sha256", tbs, privateKey);
    return selfSigned({ spki, algorithm, signed, extensions: [BASIC, USAGE, keyId] });
  };

  describe.each<ProfileName>(["RolesAnywhere", "General"])("in profile %s", (profile) => {
    const read = (parts: RootParts): unknown => refusedUse(() => readRoot(selfSigned(parts), { profile }));
    test.each<[fact: string, use: () => unknown, code: string, message: RegExp]>([
      [
        "C05 not a CA",
        () => read({ extensions: [extension(OID.basicConstraints, true, sequence()), USAGE, KEY_ID] }),
        "ERR_ROOT_PROFILE",
        /must say that it is a CA/,
      ],
      [
        "C05 without cRLSign",
        () => read({ extensions: [BASIC, extension(OID.keyUsage, true, namedBits([5])), KEY_ID] }),
        "ERR_ROOT_PROFILE",
        /keyCertSign and cRLSign/,
      ],
      [
        "C05 RSA-1024",
        () => refusedUse(() => readRoot(rsa1024(), { profile })),
        "ERR_ROOT_PROFILE",
        /the key is RSA-1024/,
      ],
      [
        "C05 two certificates in one PEM",
        () => refusedUse(() => readRoot(ca.root.pem + ca.root.pem, { profile })),
        "ERR_PEM_TRAILING",
        /2 PEM blocks/,
      ],
      [
        "C05 expired",
        () => refusedUse(() => assertRootUsable({ ...ca, now: later(366 * DAY) })),
        "ERR_ROOT_UNUSABLE",
        /expired at/,
      ],
      [
        "C05 not yet valid",
        () => refusedUse(() => assertRootUsable({ ...ca, now: later(-DAY) })),
        "ERR_ROOT_UNUSABLE",
        /not valid before/,
      ],
    ])("%s", (_, use, code, message) => {
      expect(use()).toMatchObject({ code, message: expect.stringMatching(message) });
    });

    test("C05 the wrong key", async () => {
      const signer = await generateCaKey("ECDSA-P256");
      const error = refusedUse(() => assertRootUsable({ root: ca.root, signer, now: NOW }));
      expect(error).toMatchObject({
        code: "ERR_SIGNER_KEY",
        message: expect.stringContaining("another generation's key"),
      });
    });

    test("C05 a duplicate DN", async () => {
      const twin = await authority("ECDSA-P256", 1, NOW, { profile });
      const next = await authority("ECDSA-P256", 2, NOW, { profile });
      const use = (others: readonly Authority[]): unknown =>
        refusedUse(() => assertRootUsable({ ...ca, now: NOW, others: others.map(({ root }) => root) }));
      expect(use([ca, next])).toBe(undefined);
      expect(use([next, twin])).toMatchObject({
        code: "ERR_ROOT_UNUSABLE",
        message: `root: the root with SHA-256 ${twin.root.sha256} has the same name`,
      });
    });
  });
});
