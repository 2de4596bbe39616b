import { generateKeyPairSync, X509Certificate, type KeyObject } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { readTbsCertificate, type TbsCertificate } from "../../src/certificate/read-certificate.ts";
import { namedBitsOf } from "../../src/der/fields.ts";
import { encodingOf, readDer } from "../../src/der/read.ts";
import { TAG } from "../../src/der/tag.ts";
import { objectIdentifier, sequence, setOf, stringOf, tagged, tlv } from "../../src/der/write.ts";
import {
  checkAgainstProfile,
  checkCertificationRequest,
  issueLeaf,
  KEY_ALGORITHM_NAMES,
  LEAF_KEY_ALGORITHM_NAMES,
  prepareLeaf,
  type CertificationRequest,
  type Leaf,
  type LeafKeyAlgorithm,
  type LeafPlan,
  type Usage,
} from "../../src/index.ts";
import { OID } from "../../src/lib/oids.ts";
import { writeName } from "../../src/name/write-name.ts";
import { authority, DAY, NOW, type Authority } from "../support/authority.ts";
import { ascii, hex } from "../support/bytes.ts";
import { newKeyPair } from "../support/key-pair.ts";
import { leafPlan } from "../support/leaf.ts";
import { extensionRequest, honestRequest, rawExtension, spkiOf, type RequestParts } from "../support/request.ts";

let ca: Authority;
const ED25519 = generateKeyPairSync("ed25519").privateKey;
const RSA = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const EC = generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey;

beforeAll(async () => {
  ca = await authority("ECDSA-P256", 1, NOW, { profile: "General" });
});

const LEAF_KEYS = new Map<LeafKeyAlgorithm, KeyObject>();
/** One key of each type for all roots: RSA keys take long to make. */
function leafKeyOf(name: LeafKeyAlgorithm): KeyObject {
  const key = LEAF_KEYS.get(name) ?? newKeyPair(name).publicKey;
  LEAF_KEYS.set(name, key);
  return key;
}

const plan = (changes: Partial<LeafPlan> = {}): LeafPlan => leafPlan(ca, { profile: "General", ...changes });
const partsOf = (leaf: Pick<Leaf, "der">): TbsCertificate => {
  const tbs = readDer(leaf.der).children[0];
  if (tbs === undefined) throw new TypeError("no certificate");
  return readTbsCertificate(tbs);
};
const extensionOf = (leaf: Pick<Leaf, "der">, oid: string): { critical: boolean; value: Uint8Array } | undefined => {
  const found = partsOf(leaf).extensions.find((extension) => extension.oid === oid);
  return found === undefined ? undefined : { critical: found.critical, value: encodingOf(found.value) };
};
const bitsOf = (leaf: Pick<Leaf, "der">): number[] | undefined => {
  const found = partsOf(leaf).extensions.find(({ oid }) => oid === OID.keyUsage);
  return found === undefined ? undefined : namedBitsOf(found.value, "KeyUsage");
};
const issue = async (from: LeafPlan, signer: Authority["signer"] = ca.signer): Promise<Leaf> =>
  issueLeaf({ ticket: prepareLeaf(from).ticket, signer });

/** From a request to its leaf, as an issuer goes. */
async function issued(parts: RequestParts, changes: Partial<LeafPlan> = {}): Promise<[Leaf, CertificationRequest]> {
  const checked = checkCertificationRequest(honestRequest(EC, parts));
  if (!checked.ok) throw new Error(checked.violations[0].code);
  const request = checked.value;
  expect(checkAgainstProfile({ profile: "General", request })).toEqual([]);
  const { subject, subjectDer, subjectAlternativeNames } = request;
  const publicKeySpki = request.publicKey.spki;
  return [await issue(plan({ subject, subjectDer, subjectAlternativeNames, publicKeySpki, ...changes })), request];
}

const attribute = (oid: string, tag: 0x0c | 0x13 | 0x16, value: string): Uint8Array =>
  sequence(objectIdentifier(oid), stringOf(tag, value));
/** As `OU=a+UID=b, DC=example, DC=org, CN=Zoë` of a literal subject, in several string types. */
const LITERAL = sequence(
  setOf(
    attribute("2.5.4.11", TAG.utf8String, "Fleet"),
    attribute("0.9.2342.19200300.100.1.1", TAG.printableString, "b"),
  ),
  setOf(attribute("0.9.2342.19200300.100.1.25", TAG.ia5String, "example")),
  setOf(attribute("0.9.2342.19200300.100.1.25", TAG.ia5String, "org")),
  setOf(attribute("2.5.4.3", TAG.utf8String, "Zo\u00EB, #1; <a>")),
);
const otherName = (oid: string, value: Uint8Array): Uint8Array => tagged(0, objectIdentifier(oid), tagged(0, value));
const NAMES = sequence(
  otherName("1.3.6.1.4.1.311.20.2.3", stringOf(TAG.utf8String, "upn@domain.test")),
  tlv(0x81, ascii("alice@example.com")),
  tlv(0x82, ascii("*.example.com")),
  tlv(0x82, ascii("example.com")),
  tlv(0x86, ascii("spiffe://cluster.local/ns/sandbox/sa/foo")),
  tlv(0x87, hex("7f000001")),
  tlv(0x87, hex(`${"00".repeat(15)}01`)),
  otherName("1.2.3.4", sequence(stringOf(TAG.printableString, "x"), hex("0101ff"))),
);
const withNames = (names: Uint8Array): RequestParts => ({
  attributes: [extensionRequest(rawExtension(OID.subjectAltName, names))],
});

describe("a leaf of profile General has", () => {
  test("the subject of its request, byte for byte", async () => {
    const [leaf] = await issued({ subject: LITERAL });
    expect(encodingOf(partsOf(leaf).subject)).toEqual(LITERAL);
  });

  test("the alternative names of its request, byte for byte", async () => {
    const [leaf] = await issued(withNames(NAMES));
    expect(extensionOf(leaf, OID.subjectAltName)).toEqual({ critical: false, value: NAMES });
  });

  test("no subject, and then critical alternative names", async () => {
    const [leaf] = await issued({ subject: sequence(), ...withNames(NAMES) });
    expect(encodingOf(partsOf(leaf).subject)).toEqual(sequence());
    expect(extensionOf(leaf, OID.subjectAltName)).toEqual({ critical: true, value: NAMES });
    expect(new X509Certificate(leaf.der).subject).toBe(undefined);
  });

  test("a subject of attributes where there are no bytes to keep", async () => {
    const leaf = await issue(plan({ subject: [{ type: "CN", value: "Zo\u00EB" }] }));
    expect(encodingOf(partsOf(leaf).subject)).toEqual(writeName([{ type: "CN", value: "Zo\u00EB" }]));
  });

  test("10,000 hours, where the CA allows them", async () => {
    const notAfter = new Date(NOW.getTime() + 360 * DAY);
    const leaf = await issue(plan({ notAfter, maxLifetimeMs: 361 * DAY }));
    expect(new Date(new X509Certificate(leaf.der).validTo)).toEqual(notAfter);
  });
});

describe.each(KEY_ALGORITHM_NAMES)("under a root of type %s", (algorithm) => {
  let from: Authority;
  beforeAll(async () => {
    from = await authority(algorithm, 1, NOW, { profile: "General" });
  });

  test.each(LEAF_KEY_ALGORITHM_NAMES)(
    "a leaf of type %s is signed, by SHA-384 if the root's key is on P-384",
    async (name) => {
      const publicKey = leafKeyOf(name);
      const publicKeySpki = Uint8Array.from(publicKey.export({ format: "der", type: "spki" }));
      const leaf = await issue(leafPlan(from, { profile: "General", publicKeySpki }), from.signer);
      const read = new X509Certificate(leaf.der);
      expect([read.verify(new X509Certificate(from.root.der).publicKey), read.publicKey.equals(publicKey)]).toEqual([
        true,
        true,
      ]);
      const sha384 = objectIdentifier(OID.ecdsaWithSha384);
      expect(Buffer.from(leaf.der).includes(Buffer.from(sha384))).toBe(algorithm === "ECDSA-P384");
    },
  );
});

describe("keyUsage is what was asked for and the key can do", () => {
  const ALL: readonly Usage[] = [
    "signing",
    "content commitment",
    "key encipherment",
    "data encipherment",
    "key agreement",
    "encipher only",
    "decipher only",
  ];
  test.each<[string, () => Partial<LeafPlan>, number[] | undefined]>([
    ["everything, of RSA", () => ({ usages: ALL, publicKeySpki: spkiOf(RSA) }), [0, 1, 2, 3]],
    ["everything, of ECDSA", () => ({ usages: ALL }), [0, 1, 4, 7, 8]],
    ["everything, of Ed25519", () => ({ usages: ALL, publicKeySpki: spkiOf(ED25519) }), [0, 1]],
    ["everything, of an RSA CA", () => ({ usages: ALL, publicKeySpki: spkiOf(RSA), isCa: true }), [0, 1, 5]],
    ["key encipherment alone", () => ({ usages: ["key encipherment"], publicKeySpki: spkiOf(RSA) }), [2]],
    ["decipher only without key agreement", () => ({ usages: ["signing", "decipher only"] }), [0]],
    ["a purpose alone", () => ({ usages: ["server auth"] }), undefined],
    ["a purpose alone, of a CA", () => ({ usages: ["server auth"], isCa: true }), [5]],
    ["what a CA signs", () => ({ usages: ["cert sign", "crl sign"], isCa: true }), [5, 6]],
    [
      "what the conformance suite asks for",
      () => ({ usages: ["signing", "data encipherment", "server auth", "client auth"], publicKeySpki: spkiOf(RSA) }),
      [0, 3],
    ],
  ])("%s", async (_, changes, bits) => {
    expect(bitsOf(await issue(plan(changes())))).toEqual(bits);
  });

  test.each<[string, () => Partial<LeafPlan>]>([
    ["key encipherment of ECDSA", () => ({ usages: ["key encipherment"] })],
    ["key agreement of Ed25519", () => ({ usages: ["key agreement"], publicKeySpki: spkiOf(ED25519) })],
  ])("but nothing at all, which would allow everything, is refused: %s", (_, changes) => {
    expect(() => prepareLeaf(plan(changes()))).toThrow(expect.objectContaining({ code: "ERR_LEAF_INPUT" }));
  });
});

describe("a CA certificate", () => {
  const constraintsOf = (leaf: Leaf): string =>
    Buffer.from(extensionOf(leaf, OID.basicConstraints)?.value ?? []).toString("hex");

  test("has no pathLen under a root that has none", async () => {
    const leaf = await issue(plan({ isCa: true, usages: ["cert sign"] }));
    expect(constraintsOf(leaf)).toBe("30030101ff");
    expect(new X509Certificate(leaf.der).ca).toBe(true);
  });

  test("may have no subject, as in cert-manager's conformance suite", async () => {
    const [leaf] = await issued(
      { subject: sequence(), ...withNames(sequence(tlv(0x82, ascii("a.example.com")))) },
      { isCa: true },
    );
    expect([new X509Certificate(leaf.der).ca, new X509Certificate(leaf.der).subject]).toEqual([true, undefined]);
  });

  test("has the pathLen that was asked for", async () => {
    expect(constraintsOf(await issue(plan({ isCa: true, pathLength: 200 })))).toBe("30070101ff020200c8");
  });

  test("has a pathLen one below its root's", async () => {
    const from = await authority("ECDSA-P256", 1, NOW, { profile: "General", pathLength: 3 });
    const leaf = await issue(leafPlan(from, { profile: "General", isCa: true }), from.signer);
    expect(constraintsOf(leaf)).toBe("30060101ff020102");
  });

  test.each<[string, Partial<LeafPlan>, number | undefined]>([
    ["below a root of pathLen 0", {}, 0],
    ["of the pathLen of its root", { pathLength: 2 }, 2],
    ["of pathLen -1", { pathLength: -1 }, undefined],
    ["of pathLen 0.5", { pathLength: 0.5 }, undefined],
    ["that outlives its root", { notAfter: new Date(NOW.getTime() + 366 * DAY), maxLifetimeMs: 999 * DAY }, undefined],
  ])("%s is refused", async (_, changes, pathLength) => {
    const bound = pathLength === undefined ? {} : { pathLength };
    const from = await authority("ECDSA-P256", 1, NOW, { profile: "General", ...bound });
    const refused = leafPlan(from, { profile: "General", isCa: true, ...changes });
    expect(() => prepareLeaf(refused)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^ERR_LEAF_(INPUT|LINT)$/) }),
    );
  });
});

describe("prepareLeaf refuses in profile General", () => {
  const rows: readonly (readonly [string, () => Partial<LeafPlan>, string])[] = [
    ["neither subject nor alternative name", () => ({ subject: [], subjectAlternativeNames: [] }), "ERR_LEAF_LINT"],
    ["bytes of another subject than was judged", () => ({ subjectDer: LITERAL }), "ERR_LEAF_INPUT"],
    [
      "bytes that hold one attribute more",
      () => ({
        subjectDer: writeName([
          { type: "CN", value: "web.demo" },
          { type: "O", value: "x" },
        ]),
      }),
      "ERR_LEAF_INPUT",
    ],
    ["bytes that are no name", () => ({ subjectDer: hex("3080") }), "ERR_LEAF_INPUT"],
    [
      "a name in BMPString",
      () => ({
        subjectDer: sequence(setOf(sequence(objectIdentifier("2.5.4.3"), tlv(TAG.bmpString, hex("0077"))))),
      }),
      "ERR_LEAF_INPUT",
    ],
    ["a zero-width space", () => ({ subject: [{ type: "CN", value: "web\u200B" }] }), "ERR_LEAF_LINT"],
    ["a bidi override", () => ({ subject: [{ type: "O", value: "web\u202E" }] }), "ERR_LEAF_LINT"],
    ["a reserved name", () => ({ subject: [{ type: "CN", value: "crl.fleet@capstan" }] }), "ERR_LEAF_LINT"],
    [
      "a reserved name in an otherName",
      () => ({
        subjectAlternativeNames: [
          {
            kind: "otherName",
            value: Buffer.from(otherName("1.2.3", stringOf(TAG.utf8String, "crl.a@capstan"))).toString("hex"),
          },
        ],
      }),
      "ERR_LEAF_LINT",
    ],
    [
      "an otherName that is none",
      () => ({ subjectAlternativeNames: [{ kind: "otherName", value: "a0020500" }] }),
      "ERR_LEAF_LINT",
    ],
    [
      "an otherName that is another kind of name",
      () => ({ subjectAlternativeNames: [{ kind: "otherName", value: "820161" }] }),
      "ERR_LEAF_INPUT",
    ],
    [
      "an otherName with another name behind it",
      () => ({
        subjectAlternativeNames: [
          { kind: "otherName", value: `${Buffer.from(otherName("1.2.3", hex("0500"))).toString("hex")}820161` },
        ],
      }),
      "ERR_LEAF_INPUT",
    ],
    [
      "a directoryName",
      () => ({ subjectAlternativeNames: [{ kind: "directoryName", value: "a4023000" }] }),
      "ERR_LEAF_INPUT",
    ],
    ["cert sign without isCa", () => ({ usages: ["cert sign"] }), "ERR_LEAF_LINT"],
    ["a purpose that no bit goes with", () => ({ usages: ["content commitment", "server auth"] }), "ERR_LEAF_LINT"],
    ["the root's name", () => ({ subject: ca.root.subject }), "ERR_LEAF_LINT"],
  ];
  test.each(rows)("%s", (_, changes, code) => {
    expect(() => prepareLeaf(plan(changes()))).toThrow(expect.objectContaining({ code }));
  });
});

test("Capstan's own leaves keep their names in profile General too", async () => {
  const subject = [{ type: "CN", value: "crl.fleet@capstan" }];
  const leaf = await issue(plan({ subject, subjectAlternativeNames: [], isOwnLeaf: true }));
  expect(new X509Certificate(leaf.der).subject).toBe("CN=crl.fleet@capstan");
});
