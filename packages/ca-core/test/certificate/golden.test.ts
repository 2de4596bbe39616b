import { beforeAll, describe, expect, test } from "vitest";
import { TAG } from "../../src/der/tag.ts";
import { objectIdentifier, sequence, setOf, stringOf, tagged } from "../../src/der/write.ts";
import { decodePem, encodePem, issueLeaf, prepareLeaf, type LeafKeyAlgorithm, type LeafPlan } from "../../src/index.ts";
import { readDer } from "../../src/der/read.ts";
import { readTrustedName } from "../../src/name/read-name.ts";
import { DAY, type Authority } from "../support/authority.ts";
import { fixedRandom, golden, goldenAuthority, goldenInput, GOLDEN_NOW, type GoldenRoot } from "../support/golden.ts";
import { newKeyPair } from "../support/key-pair.ts";
import { spkiOf } from "../support/request.ts";

const attribute = (oid: string, tag: 0x0c | 0x13 | 0x16, value: string): Uint8Array =>
  sequence(objectIdentifier(oid), stringOf(tag, value));
/** Two attributes in one RDN, a type twice, a type without a short name, and each string type. */
const LITERAL = sequence(
  setOf(attribute("2.5.4.11", TAG.utf8String, "Fleet"), attribute("1.2.3.4", TAG.printableString, "b")),
  setOf(attribute("0.9.2342.19200300.100.1.25", TAG.ia5String, "example")),
  setOf(attribute("0.9.2342.19200300.100.1.25", TAG.ia5String, "org")),
  setOf(attribute("2.5.4.3", TAG.utf8String, "Zo\u00EB, #1")),
);
const upn = tagged(
  0,
  objectIdentifier("1.3.6.1.4.1.311.20.2.3"),
  tagged(0, stringOf(TAG.utf8String, "upn@domain.test")),
);

const AWS_NAMES: LeafPlan["subjectAlternativeNames"] = [
  { kind: "URI", value: "spiffe://example.org/ns/demo/sa/web" },
  { kind: "DNS", value: "web.demo.svc" },
  { kind: "IP", value: "10.0.0.1" },
  { kind: "IP", value: "fd00::1:0:0:5" },
  { kind: "Email", value: "web+a@example.org" },
];
const ALL_NAMES: LeafPlan["subjectAlternativeNames"] = [
  ...AWS_NAMES,
  { kind: "DNS", value: "*.example.com" },
  { kind: "otherName", value: Buffer.from(upn).toString("hex") },
];

type Shape = readonly [name: string, key: LeafKeyAlgorithm, changes: Partial<LeafPlan>];

const ROLES_ANYWHERE: readonly Shape[] = [
  ["plain", "ECDSA-P256", {}],
  [
    "everything",
    "RSA-2048",
    {
      subject: [
        { type: "C", value: "DE" },
        { type: "ST", value: "Berlin" },
        { type: "L", value: "Berlin" },
        { type: "O", value: "Example Corp" },
        { type: "OU", value: "A+B=C" },
        { type: "CN", value: "web_1.demo" },
      ],
      subjectAlternativeNames: AWS_NAMES,
      usages: ["key encipherment", "server auth", "client auth"],
    },
  ],
  ["own", "ECDSA-P384", { subject: [{ type: "CN", value: "publisher.fleet@capstan" }], isOwnLeaf: true }],
];

const GENERAL: readonly Shape[] = [
  ["plain", "Ed25519", {}],
  [
    "everything",
    "RSA-2048",
    {
      subject: readTrustedName(readDer(LITERAL)),
      subjectDer: LITERAL,
      subjectAlternativeNames: ALL_NAMES,
      usages: ["signing", "content commitment", "data encipherment", "any", "server auth", "s/mime"],
      notAfter: new Date(GOLDEN_NOW.getTime() + 300 * DAY),
    },
  ],
  ["without-subject", "ECDSA-P256", { subject: [], subjectAlternativeNames: ALL_NAMES }],
  ["without-key-usage", "ECDSA-P256", { usages: ["client auth"] }],
  ["ca", "ECDSA-P384", { isCa: true, pathLength: 1, usages: ["cert sign", "crl sign"], subjectAlternativeNames: [] }],
];

/** A public key that was made when the golden files were. */
function leafKey(algorithm: LeafKeyAlgorithm): Uint8Array {
  const pem = goldenInput(`leaf/${algorithm}.public.pem`, () =>
    encodePem("PUBLIC KEY", spkiOf(newKeyPair(algorithm).privateKey)),
  );
  return decodePem(pem, { labels: ["PUBLIC KEY"], maxBytes: 4_096 }).der;
}

// Leaves as bytes in test/golden/leaf: whole under an RSA root, whose signatures are always the same; what was signed
// under an ECDSA root, whose signatures are random.
describe.each<readonly [GoldenRoot, readonly Shape[]]>([
  [{ name: "roles-anywhere", algorithm: "RSA-2048", profile: "RolesAnywhere" }, ROLES_ANYWHERE],
  [{ name: "roles-anywhere", algorithm: "ECDSA-P384", profile: "RolesAnywhere" }, ROLES_ANYWHERE],
  [{ name: "general", algorithm: "RSA-2048", profile: "General" }, GENERAL],
  [{ name: "general", algorithm: "ECDSA-P384", profile: "General" }, GENERAL],
])("under the root $name of type $algorithm", (root, shapes) => {
  let from: Authority;
  beforeAll(async () => {
    from = (await goldenAuthority(root)).kept;
  });

  test.each(shapes.map(([name, key, changes]) => ({ name, key, changes })))(
    "the leaf $name is the golden file",
    async ({ name, key, changes }) => {
      const prepared = prepareLeaf({
        profile: root.profile,
        root: from.root,
        subject: [{ type: "CN", value: "web.demo" }],
        subjectAlternativeNames: [{ kind: "DNS", value: "web.demo.svc" }],
        publicKeySpki: leafKey(key),
        usages: ["digital signature", "client auth"],
        notBefore: new Date(GOLDEN_NOW.getTime() - 300_000),
        notAfter: new Date(GOLDEN_NOW.getTime() + DAY),
        maxLifetimeMs: 365 * DAY,
        random: fixedRandom,
        ...changes,
      });
      const leaf = await issueLeaf({ ticket: prepared.ticket, signer: from.signer });
      const isRsa = root.algorithm.startsWith("RSA");
      const bytes = isRsa ? leaf.der : prepared.tbs;
      const path = `leaf/${root.name}-${name}.${root.algorithm}.${isRsa ? "cert" : "tbs"}.der`;
      expect(Buffer.from(bytes).toString("hex")).toBe(Buffer.from(golden(path, bytes)).toString("hex"));
    },
  );
});
