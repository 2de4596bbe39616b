import { X509Certificate } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { extension } from "../../src/certificate/write-extension.ts";
import { DER_TRUE, sequence } from "../../src/der/write.ts";
import { KEY_ALGORITHM_NAMES, readRoot, type CreateRootOptions, type KeyAlgorithm } from "../../src/index.ts";
import { SIGNATURE_ALGORITHM_DER } from "../../src/keys/algorithms.ts";
import { OID } from "../../src/lib/oids.ts";
import { authority, NOW, type Authority } from "../support/authority.ts";
import { hex } from "../support/bytes.ts";
import { KEY_ID, selfSigned, USAGE, type RootParts } from "../support/self-signed.ts";

let ca: Authority;

beforeAll(async () => {
  ca = await authority();
});

describe("profile General", () => {
  const general = (algorithm: KeyAlgorithm, pathLength?: number): Promise<Authority> =>
    authority(algorithm, 1, NOW, { profile: "General", ...(pathLength === undefined ? {} : { pathLength }) });

  test.each(KEY_ALGORITHM_NAMES)("has roots of type %s without a pathLen", async (algorithm) => {
    const { root } = await general(algorithm);
    expect(root.pathLength).toBe(undefined);
    expect(readRoot(root.pem, { profile: "General" })).toEqual(root);
    expect(() => readRoot(root.pem)).toThrow(expect.objectContaining({ code: "ERR_ROOT_PROFILE" }));
    const read = new X509Certificate(root.der);
    expect([read.ca, read.verify(read.publicKey)]).toEqual([true, true]);
  });

  test.each([0, 1, 127, 128, 255])("has roots of pathLen %d", async (pathLength) => {
    const { root } = await general("ECDSA-P256", pathLength);
    expect(readRoot(root.der, { profile: "General" })).toMatchObject({ pathLength });
  });

  test.each<[KeyAlgorithm, string]>([
    ["ECDSA-P384", "SHA384"],
    ["ECDSA-P256", "SHA256"],
    ["RSA-2048", "SHA256"],
  ])("signs roots of type %s with %s", async (algorithm, hash) => {
    const oid = { ECDSA: "2a8648ce3d0403", RSA: "2a864886f70d0101" }[algorithm.startsWith("RSA") ? "RSA" : "ECDSA"];
    const last = algorithm.startsWith("RSA") ? "0b" : { SHA256: "02", SHA384: "03" }[hash];
    const { root } = await general(algorithm);
    expect(Buffer.from(root.der).toString("hex").split(`${oid}${last}`).length).toBe(3);
  });

  test("takes roots of RolesAnywhere, whose own roots have pathLen 0", () => {
    expect(readRoot(ca.root.pem, { profile: "General" })).toEqual(ca.root);
    expect(ca.root.pathLength).toBe(0);
  });

  const rows: readonly (readonly [string, Partial<CreateRootOptions>])[] = [
    ["a pathLen of -1", { profile: "General", pathLength: -1 }],
    ["a pathLen of 1.5", { profile: "General", pathLength: 1.5 }],
    ["a pathLen of 256", { profile: "General", pathLength: 256 }],
    ["a pathLen that is no number", { profile: "General", pathLength: Number.NaN }],
    ["a pathLen of 1 in RolesAnywhere", { pathLength: 1 }],
  ];
  test.each(rows)("has no roots with %s", async (_, changes) => {
    await expect(authority("ECDSA-P256", 1, NOW, changes)).rejects.toMatchObject({ code: "ERR_ROOT_INPUT" });
  });

  test.each<[string, RootParts]>([
    ["SHA-384 by a P-256 key", { algorithm: SIGNATURE_ALGORITHM_DER.EC.sha384, hash: "sha384" }],
    [
      "an absurd pathLen",
      { extensions: [extension(OID.basicConstraints, true, sequence(DER_TRUE, hex("02020100"))), USAGE, KEY_ID] },
    ],
    ["no CA", { extensions: [extension(OID.basicConstraints, true, sequence()), USAGE, KEY_ID] }],
  ])("reads no roots with %s", (_, parts) => {
    expect(() => readRoot(selfSigned(parts), { profile: "General" })).toThrow(
      expect.objectContaining({ code: "ERR_ROOT_PROFILE" }),
    );
  });
});
