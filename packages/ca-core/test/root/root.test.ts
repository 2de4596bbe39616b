import { generateKeyPairSync, sign, X509Certificate } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { authorityKeyIdentifier, extension } from "../../src/certificate/write-extension.ts";
import { DER_TRUE, namedBits, octetString, sequence, time } from "../../src/der/write.ts";
import {
  assertRootUsable,
  CaError,
  createRoot,
  encodePem,
  generateCaKey,
  KEY_ALGORITHM_NAMES,
  readRoot,
  type CreateRootOptions,
} from "../../src/index.ts";
import { OID } from "../../src/lib/oids.ts";
import { writeName } from "../../src/name/write-name.ts";
import { authority, DAY, HOUR, NOW, type Authority } from "../support/authority.ts";
import { hex } from "../support/bytes.ts";
import { leafPlan, newLeaf } from "../support/leaf.ts";
import { BASIC, KEY_ID, selfSigned, SKI, USAGE, type RootParts } from "../support/self-signed.ts";
import { signingRequest } from "../support/signing.ts";

let ca: Authority;

beforeAll(async () => {
  ca = await authority();
});

test.each(KEY_ALGORITHM_NAMES)(
  "a root of type %s says what was asked for, and reads back from PEM and DER",
  async (algorithm) => {
    const { root, signer } = await authority(algorithm, 7);
    expect(root).toMatchObject({
      algorithm,
      generation: 7,
      spki: signer.publicKeySpki,
      notBefore: new Date(NOW.getTime() - HOUR),
      notAfter: new Date(NOW.getTime() + 365 * DAY),
    });
    expect(root.subject.map(({ type, value }) => `${type}=${value}`)).toEqual([
      "CN=Example Fleet CA",
      "O=Example Corp",
      "serialNumber=7",
    ]);
    expect(readRoot(root.pem)).toEqual(root);
    expect(readRoot(root.der)).toEqual(root);
    const read = new X509Certificate(root.pem);
    expect([read.ca, read.checkIssued(read), read.fingerprint256.replaceAll(":", "").toLowerCase()]).toEqual([
      true,
      true,
      root.sha256,
    ]);
  },
);

test("generations share the CN and differ in the DN", async () => {
  const second = await authority("ECDSA-P256", 2);
  const cn = (root: Authority["root"]): string | undefined => root.subject.find(({ type }) => type === "CN")?.value;
  expect(cn(second.root)).toBe(cn(ca.root));
  expect(second.root.subjectDer).not.toEqual(ca.root.subjectDer);
});

test("a name whose text looks like DER or like several names is taken as it is", async () => {
  const root = await createRoot({
    subject: { commonName: "a=b+c@d:e_f.g", organization: "CN=x" },
    generation: 1,
    notBefore: NOW,
    notAfter: new Date(NOW.getTime() + DAY),
    signer: ca.signer,
  });
  expect(root.subject.map(({ value }) => value)).toEqual(["a=b+c@d:e_f.g", "CN=x", "1"]);
});

describe("createRoot refuses", () => {
  const rows: readonly (readonly [string, Partial<CreateRootOptions>])[] = [
    ["an empty common name", { subject: { commonName: "" } }],
    ["a comma", { subject: { commonName: "a,O=b" } }],
    ["an ampersand, which AWS cannot map", { subject: { commonName: "A&B" } }],
    ["a slash", { subject: { commonName: "a/b" } }],
    ["#0500", { subject: { commonName: "#0500" } }],
    ["65 characters", { subject: { commonName: "a".repeat(65) } }],
    ["a space at the end", { subject: { commonName: "a " } }],
    ["a bad organization", { subject: { commonName: "a", organization: "b\0" } }],
    ["generation 0", { generation: 0 }],
    ["generation 1.5", { generation: 1.5 }],
    ["an end before the beginning", { notAfter: new Date(NOW.getTime() - DAY) }],
    ["a date that is none", { notAfter: new Date(Number.NaN) }],
    ["a year after 2099", { notAfter: new Date("2100-01-01T00:00:00Z") }],
  ];
  test.each(rows)("%s", async (_, changes) => {
    const options = {
      subject: { commonName: "a" },
      generation: 1,
      notBefore: NOW,
      notAfter: new Date(NOW.getTime() + DAY),
      signer: ca.signer,
    };
    await expect(createRoot({ ...options, ...changes })).rejects.toMatchObject({ code: "ERR_ROOT_INPUT" });
  });

  test("a signer whose key is not what it says", async () => {
    const signer = { ...ca.signer, algorithm: "ECDSA-P384" as const };
    const root = createRoot({
      subject: { commonName: "a" },
      generation: 1,
      notBefore: NOW,
      notAfter: new Date(NOW.getTime() + DAY),
      signer,
    });
    await expect(root).rejects.toMatchObject({ code: "ERR_ROOT_INPUT" });
  });

  test("a signature that does not verify", async () => {
    const signer = { ...ca.signer, sign: async (): Promise<Uint8Array> => ca.signer.sign(signingRequest(hex("00"))) };
    const root = createRoot({
      subject: { commonName: "a" },
      generation: 1,
      notBefore: NOW,
      notAfter: new Date(NOW.getTime() + DAY),
      signer,
    });
    await expect(root).rejects.toMatchObject({ code: "ERR_SIGNER_SIGNATURE" });
  });
});

describe("readRoot", () => {
  test("takes a root that another tool made in our form", () => {
    expect(readRoot(selfSigned({}))).toMatchObject({ algorithm: "ECDSA-P256", generation: 1, ski: SKI });
  });

  const rows: readonly (readonly [string, RootParts, string])[] = [
    ["a certificate of another issuer", { issuer: writeName([{ type: "CN", value: "b" }]) }, "ERR_ROOT_PROFILE"],
    [
      "a signature by another key",
      { signed: (tbs) => sign("sha256", tbs, generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey) },
      "ERR_ROOT_SIGNATURE",
    ],
    ["no CA", { extensions: [extension(OID.basicConstraints, true, sequence()), USAGE, KEY_ID] }, "ERR_ROOT_PROFILE"],
    ["no basicConstraints", { extensions: [USAGE, KEY_ID] }, "ERR_ROOT_PROFILE"],
    [
      "basicConstraints that are not critical",
      { extensions: [extension(OID.basicConstraints, false, sequence(DER_TRUE, hex("020100"))), USAGE, KEY_ID] },
      "ERR_ROOT_PROFILE",
    ],
    [
      "no pathLen",
      { extensions: [extension(OID.basicConstraints, true, sequence(DER_TRUE)), USAGE, KEY_ID] },
      "ERR_ROOT_PROFILE",
    ],
    [
      "pathLen 1",
      { extensions: [extension(OID.basicConstraints, true, sequence(DER_TRUE, hex("020101"))), USAGE, KEY_ID] },
      "ERR_ROOT_PROFILE",
    ],
    ["no cRLSign", { extensions: [BASIC, extension(OID.keyUsage, true, namedBits([5])), KEY_ID] }, "ERR_ROOT_PROFILE"],
    [
      "no keyCertSign",
      { extensions: [BASIC, extension(OID.keyUsage, true, namedBits([6])), KEY_ID] },
      "ERR_ROOT_PROFILE",
    ],
    [
      "digitalSignature too",
      { extensions: [BASIC, extension(OID.keyUsage, true, namedBits([0, 5, 6])), KEY_ID] },
      "ERR_ROOT_PROFILE",
    ],
    ["no subjectKeyIdentifier", { extensions: [BASIC, USAGE] }, "ERR_ROOT_PROFILE"],
    [
      "another subjectKeyIdentifier",
      { extensions: [BASIC, USAGE, extension(OID.subjectKeyIdentifier, false, octetString(hex("00")))] },
      "ERR_ROOT_PROFILE",
    ],
    ["an extension too many", { extensions: [BASIC, USAGE, KEY_ID, authorityKeyIdentifier(SKI)] }, "ERR_ROOT_PROFILE"],
    ["the same extension twice", { extensions: [BASIC, BASIC, USAGE, KEY_ID] }, "ERR_DER_STRUCTURE"],
    ["SHA-384", { algorithm: sequence(hex("06082a8648ce3d040303")), hash: "sha384" }, "ERR_ROOT_PROFILE"],
    [
      "an end before the beginning",
      { validity: sequence(time(NOW), time(new Date(NOW.getTime() - DAY))) },
      "ERR_ROOT_PROFILE",
    ],
  ];
  test.each(rows)("refuses %s", (_, parts, code) => {
    expect(() => readRoot(selfSigned(parts))).toThrow(expect.objectContaining({ code }));
  });

  test("refuses two certificates, another label, a leaf, and what is cut off", async () => {
    const leaf = await newLeaf(ca, leafPlan(ca));
    const rows: readonly (readonly [string | Uint8Array, string])[] = [
      [ca.root.pem + ca.root.pem, "ERR_PEM_TRAILING"],
      [encodePem("TRUSTED CERTIFICATE", ca.root.der), "ERR_PEM_LABEL"],
      [leaf.pem, "ERR_ROOT_PROFILE"],
      [ca.root.der.subarray(0, -1), "ERR_DER_LENGTH_PAST_END"],
      [Uint8Array.of(...ca.root.der, 0), "ERR_DER_TRAILING"],
      ["", "ERR_PEM_BEGIN"],
      [new Uint8Array(0), "ERR_DER_EMPTY"],
    ];
    for (const [source, code] of rows) expect(() => readRoot(source)).toThrow(expect.objectContaining({ code }));
  });

  test("refuses every root with one flipped bit, by an error of its own", () => {
    for (let at = 0; at < ca.root.der.length; at += 1) {
      const changed = Uint8Array.from(ca.root.der);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      expect(() => readRoot(changed)).toThrow(CaError);
    }
  });
});

describe("assertRootUsable", () => {
  const at = (ms: number): Date => new Date(NOW.getTime() + ms);
  test("takes the root's own key within the root's time", () => {
    expect(() => assertRootUsable({ ...ca, now: NOW })).not.toThrow();
  });
  test.each([
    ["before its time", -DAY],
    ["after its time", 366 * DAY],
    ["with a clock that gives no time", Number.NaN],
  ])("refuses it %s", (_, ms) => {
    expect(() => assertRootUsable({ ...ca, now: at(ms) })).toThrow(
      expect.objectContaining({ code: "ERR_ROOT_UNUSABLE" }),
    );
  });
  test("refuses another key", async () => {
    const signer = await generateCaKey("ECDSA-P256");
    expect(() => assertRootUsable({ root: ca.root, signer, now: NOW })).toThrow(
      expect.objectContaining({ code: "ERR_SIGNER_KEY" }),
    );
  });
});
