import { createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import {
  issueLeaf,
  KEY_ALGORITHM_NAMES,
  ownCommonName,
  parseSerial,
  prepareLeaf,
  type LeafPlan,
  type SubjectAlternativeName,
  type SigningRequest,
} from "../../src/index.ts";
import { createTicket, redeemTicket, type PlannedLeaf } from "../../src/certificate/ticket.ts";
import { authority, DAY, NOW, type Authority } from "../support/authority.ts";
import { leafPlan, newLeaf } from "../support/leaf.ts";
import { spkiOf } from "../support/request.ts";
import { signingRequest } from "../support/signing.ts";

let ca: Authority;
let rsaSpki: Uint8Array;

beforeAll(async () => {
  ca = await authority();
  rsaSpki = spkiOf(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey);
});

const SAN: readonly SubjectAlternativeName[] = [
  { kind: "URI", value: "spiffe://example.org/ns/demo/sa/web" },
  { kind: "DNS", value: "web.demo.svc" },
  { kind: "IP", value: "10.0.0.1" },
  { kind: "IP", value: "fd00::1:0:0:5" },
  { kind: "Email", value: "web+a@example.org" },
];

test("a leaf holds what was decided, in the eyes of OpenSSL", async () => {
  const subject = [
    { type: "C", value: "DE" },
    { type: "O", value: "A+B @ C" },
    { type: "CN", value: "web_1.demo" },
  ];
  const leaf = await newLeaf(ca, { subject, subjectAlternativeNames: SAN, publicKeySpki: rsaSpki });
  const read = new X509Certificate(leaf.pem);
  expect({
    subject: read.subject,
    issuer: read.issuer,
    names: read.subjectAltName,
    serial: read.serialNumber.toLowerCase(),
    from: new Date(read.validFrom),
    to: new Date(read.validTo),
    purposes: read.keyUsage,
    ca: read.ca,
    sha256: read.fingerprint256.replaceAll(":", "").toLowerCase(),
    der: Uint8Array.from(read.raw),
  }).toEqual({
    subject: "C=DE\nO=A\\+B @ C\nCN=web_1.demo",
    issuer: "CN=Example Fleet CA\nO=Example Corp\nserialNumber=1",
    names:
      "URI:spiffe://example.org/ns/demo/sa/web, DNS:web.demo.svc, IP Address:10.0.0.1, IP Address:FD00:0:0:0:1:0:0:5, email:web+a@example.org",
    serial: leaf.serial,
    from: leaf.notBefore,
    to: leaf.notAfter,
    purposes: ["1.3.6.1.5.5.7.3.2"],
    ca: false,
    sha256: leaf.sha256,
    der: leaf.der,
  });
  expect(read.verify(new X509Certificate(ca.root.pem).publicKey)).toBe(true);
});

test.each(KEY_ALGORITHM_NAMES)("a root of type %s signs a leaf with SHA-256", async (algorithm) => {
  const from = await authority(algorithm);
  const read = new X509Certificate((await newLeaf(from)).der);
  expect(read.verify(new X509Certificate(from.root.der).publicKey)).toBe(true);
  // node:crypto does not tell the algorithm before version 24.9: ask the bytes.
  const sha256 = algorithm.startsWith("RSA") ? "2a864886f70d01010b" : "2a8648ce3d040302";
  expect(Buffer.from(read.raw).toString("hex")).toContain(sha256);
});

describe("a ticket", () => {
  test("signs once", async () => {
    const { ticket } = prepareLeaf(leafPlan(ca));
    await issueLeaf({ ticket, signer: ca.signer });
    await expect(issueLeaf({ ticket, signer: ca.signer })).rejects.toMatchObject({ code: "ERR_LEAF_TICKET" });
  });

  test("signs once, even when both attempts begin together", async () => {
    const { ticket } = prepareLeaf(leafPlan(ca));
    const outcomes = await Promise.allSettled([1, 2].map(async () => issueLeaf({ ticket, signer: ca.signer })));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  test("is used up by a signer that fails", async () => {
    const { ticket } = prepareLeaf(leafPlan(ca));
    const signer = { ...ca.signer, sign: () => Promise.reject(new Error("the token is unplugged")) };
    await expect(issueLeaf({ ticket, signer })).rejects.toThrow("the token is unplugged");
    await expect(issueLeaf({ ticket, signer: ca.signer })).rejects.toMatchObject({ code: "ERR_LEAF_TICKET" });
  });

  test("cannot be copied or made", async () => {
    const { ticket } = prepareLeaf(leafPlan(ca));
    await expect(issueLeaf({ ticket: { ...ticket }, signer: ca.signer })).rejects.toMatchObject({
      code: "ERR_LEAF_TICKET",
    });
  });

  test("is not for another generation's key", async () => {
    const { ticket } = prepareLeaf(leafPlan(ca));
    const { signer } = await authority("ECDSA-P256", 2);
    await expect(issueLeaf({ ticket, signer })).rejects.toMatchObject({ code: "ERR_SIGNER_KEY" });
  });

  test("signs what was linted, though the caller changed the bytes that it was shown", async () => {
    const prepared = prepareLeaf(leafPlan(ca));
    const before = Uint8Array.from(prepared.tbs);
    prepared.tbs.fill(0);
    const leaf = await issueLeaf({ ticket: prepared.ticket, signer: ca.signer });
    expect(Buffer.from(leaf.der).includes(Buffer.from(before))).toBe(true);
  });
});

test("a signer that signs other bytes or returns another signature is caught", async () => {
  const wrongBytes = {
    ...ca.signer,
    sign: async (): Promise<Uint8Array> => ca.signer.sign(signingRequest(Uint8Array.of(1))),
  };
  const wrongKey = {
    ...ca.signer,
    sign: async (request: SigningRequest): Promise<Uint8Array> => (await authority()).signer.sign(request),
  };
  for (const signer of [wrongBytes, wrongKey]) {
    const { ticket } = prepareLeaf(leafPlan(ca));
    await expect(issueLeaf({ ticket, signer })).rejects.toMatchObject({ code: "ERR_SIGNER_SIGNATURE" });
  }
});

describe("what OpenSSL and the strict reader do not find as it was planned is not released:", () => {
  const other = (date: Date): Date => new Date(date.getTime() + 1000);
  const rows: readonly (readonly [fact: string, change: (plan: PlannedLeaf) => Partial<PlannedLeaf>])[] = [
    ["serial", () => ({ serial: parseSerial("4f") })],
    ["subject", ({ subjectDer }) => ({ subjectDer: subjectDer.toReversed() })],
    ["subject", () => ({ subject: [{ type: "CN", value: "db.demo" }] })],
    ["subject alternative names", () => ({ subjectAlternativeNames: [{ kind: "DNS", value: "db.demo.svc" }] })],
    ["subject alternative names", () => ({ subjectAlternativeNamesDer: undefined })],
    ["subject alternative names", () => ({ subjectAlternativeNamesDer: Uint8Array.of(0x30, 0) })],
    ["purposes", () => ({ purposes: [] })],
    ["notBefore", ({ notBefore }) => ({ notBefore: other(notBefore) })],
    ["notAfter", ({ notAfter }) => ({ notAfter: other(notAfter) })],
    ["key", () => ({ publicKeySpki: rsaSpki })],
    ["key", () => ({ publicKey: createPublicKey(ca.root.pem) })],
    ["CA", () => ({ isCa: true })],
  ];
  test.each(rows)("%s", async (fact, change) => {
    const plan = redeemTicket(prepareLeaf(leafPlan(ca)).ticket);
    const ticket = createTicket({ ...plan, ...change(plan) });
    await expect(issueLeaf({ ticket, signer: ca.signer })).rejects.toMatchObject({
      code: "ERR_LEAF_READ_BACK",
      message: `leaf: not as planned when read back: ${fact}`,
    });
  });

  test("issuer", async () => {
    const plan = redeemTicket(prepareLeaf(leafPlan(ca)).ticket);
    const { root } = await authority("ECDSA-P256", 2);
    const ticket = createTicket({ ...plan, root: { ...plan.root, der: root.der } });
    await expect(issueLeaf({ ticket, signer: ca.signer })).rejects.toMatchObject({ code: "ERR_LEAF_READ_BACK" });
  });
});

test("a caller's own objects, changed after the lint, change nothing of the leaf", async () => {
  const subjectAlternativeNames: SubjectAlternativeName[] = [{ kind: "DNS", value: "web.demo.svc" }];
  const { ticket } = prepareLeaf(leafPlan(ca, { subjectAlternativeNames }));
  subjectAlternativeNames.push({ kind: "DNS", value: "db.demo.svc" });
  const leaf = await issueLeaf({ ticket, signer: ca.signer });
  expect(new X509Certificate(leaf.der).subjectAltName).toBe("DNS:web.demo.svc");
});

describe("prepareLeaf refuses", () => {
  const rows: readonly (readonly [string, () => Partial<LeafPlan>, string])[] = [
    ["an empty subject", () => ({ subject: [] }), "ERR_LEAF_LINT"],
    [
      "two CNs",
      () => ({
        subject: [
          { type: "CN", value: "a" },
          { type: "CN", value: "b" },
        ],
      }),
      "ERR_LEAF_LINT",
    ],
    ["a value that AWS cannot map", () => ({ subject: [{ type: "CN", value: "a/b" }] }), "ERR_LEAF_LINT"],
    ["a CN of 62 characters", () => ({ subject: [{ type: "CN", value: "a".repeat(62) }] }), "ERR_LEAF_LINT"],
    ["the root's own key", () => ({ publicKeySpki: ca.root.spki }), "ERR_LEAF_LINT"],
    [
      "a leaf that outlives its root",
      () => ({ notAfter: new Date(ca.root.notAfter.getTime() + 1000), maxLifetimeMs: 999 * DAY }),
      "ERR_LEAF_LINT",
    ],
    [
      "a leaf that begins before its root",
      () => ({ notBefore: new Date(ca.root.notBefore.getTime() - 1000) }),
      "ERR_LEAF_LINT",
    ],
    [
      "R03 a beginning in the far past",
      () => ({ notBefore: new Date(NOW.getTime() - 999 * DAY), maxLifetimeMs: 9_999 * DAY }),
      "ERR_LEAF_LINT",
    ],
    [
      "R03 a beginning in the far future",
      () => ({ notBefore: new Date(NOW.getTime() + 999 * DAY), notAfter: new Date(NOW.getTime() + 1_000 * DAY) }),
      "ERR_LEAF_LINT",
    ],
    ["R03 2^63 ms", () => ({ notAfter: new Date(2 ** 63) }), "ERR_LEAF_INPUT"],
    ["a leaf that ends before it begins", () => ({ notAfter: new Date(NOW.getTime() - DAY / 24) }), "ERR_LEAF_LINT"],
    ["a leaf that lives too long", () => ({ maxLifetimeMs: DAY / 2 }), "ERR_LEAF_LINT"],
    ["cert sign", () => ({ usages: ["cert sign"] }), "ERR_LEAF_LINT"],
    ["any purpose", () => ({ usages: ["any"] }), "ERR_LEAF_LINT"],
    [
      "a reserved name",
      () => ({ subject: [{ type: "CN", value: ownCommonName("publisher", "fleet") }] }),
      "ERR_LEAF_LINT",
    ],
    ["an own leaf without a reserved name", () => ({ isOwnLeaf: true }), "ERR_LEAF_LINT"],
    ["a CA certificate", () => ({ isCa: true }), "ERR_LEAF_INPUT"],
    [
      "more than 4 KiB",
      () => ({
        subjectAlternativeNames: Array.from({ length: 200 }, (_, i) => ({
          kind: "DNS" as const,
          value: `web-${i}.demo.svc.example`,
        })),
      }),
      "ERR_LEAF_LINT",
    ],
    ["an otherName", () => ({ subjectAlternativeNames: [{ kind: "otherName", value: "00" }] }), "ERR_LEAF_INPUT"],
    [
      "an IP that is none",
      () => ({ subjectAlternativeNames: [{ kind: "IP", value: "::ffff:10.0.0.1" }] }),
      "ERR_LEAF_INPUT",
    ],
    [
      "a DNS name with a letter outside ASCII",
      () => ({ subjectAlternativeNames: [{ kind: "DNS", value: "w\u00E9b" }] }),
      "ERR_LEAF_INPUT",
    ],
    ["an empty DNS name", () => ({ subjectAlternativeNames: [{ kind: "DNS", value: "" }] }), "ERR_LEAF_INPUT"],
    ["a date that is none", () => ({ notAfter: new Date(Number.NaN) }), "ERR_LEAF_INPUT"],
    ["a year after 2099", () => ({ notAfter: new Date("2100-01-01T00:00:00Z") }), "ERR_LEAF_INPUT"],
    [
      "a key that the policy refuses",
      () => ({ publicKeySpki: spkiOf(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey) }),
      "ERR_LEAF_INPUT",
    ],
  ];
  test.each(rows)("%s", (_, changes, code) => {
    expect(() => prepareLeaf(leafPlan(ca, changes()))).toThrow(expect.objectContaining({ code }));
  });
});

describe("keyUsage", () => {
  const usageOf = async (changes: Partial<LeafPlan>): Promise<string> => {
    const hex = Buffer.from((await newLeaf(ca, changes)).der).toString("hex");
    return /0603551d0f0101ff04040302(....)/.exec(hex)?.[1] ?? "absent";
  };
  test("always has digitalSignature", async () => {
    expect(await usageOf({ usages: ["client auth"] })).toBe("0780");
  });
  test("keeps keyEncipherment for RSA keys", async () => {
    expect(await usageOf({ usages: ["key encipherment"], publicKeySpki: rsaSpki })).toBe("05a0");
  });
  test("leaves it out for EC keys, which cannot encipher", async () => {
    expect(await usageOf({ usages: ["digital signature", "key encipherment"] })).toBe("0780");
  });
});
