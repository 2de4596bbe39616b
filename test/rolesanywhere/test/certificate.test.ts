import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readCertificate } from "../src/certificate.ts";
import { DerError, DerReader } from "../src/der.ts";
import { readExtensions } from "../src/extensions.ts";
import { readPem } from "../src/pem.ts";
import { octets, tlv } from "./der-builder.ts";
import { type Issued, OpensslPki } from "./openssl-pki.ts";

const pki = new OpensslPki();
let der: Uint8Array;

beforeAll(() => {
  der = derOf(pki.root().issue({ serial: "0abc" }));
});

afterAll(() => pki.dispose());

function derOf(issued: Issued): Uint8Array {
  const [block] = readPem(issued.certificatePem) ?? [];
  if (block === undefined) throw new Error("openssl wrote no certificate");
  return block.der;
}

/** The certificate with one run of octets replaced by another of the same length. */
function patched(from: string, to: string, which: "first" | "last" = "first"): Uint8Array {
  const copy = Buffer.from(der);
  const at = which === "first" ? copy.indexOf(octets(from)) : copy.lastIndexOf(octets(from));
  if (at === -1) throw new Error(`${from} is not in the certificate`);
  copy.set(octets(to), at);
  return new Uint8Array(copy);
}

test("a certificate of openssl's is read", () => {
  const certificate = readCertificate(der);
  expect(certificate).toMatchObject({
    serial: 0xabcn,
    serialHex: "0abc",
    algorithmOid: "1.2.840.10045.4.3.2",
    subject: { attributes: [{ type: "CN", value: "web.demo" }] },
    issuer: { attributes: [{ type: "CN", value: "Example Fleet CA" }] },
    isCa: false,
    keyUsage: new Set([0]),
    unknownCritical: [],
  });
});

describe("a certificate is refused", () => {
  test.each([
    ["with a negative serial", () => patched("02 02 0a bc", "02 02 8a bc"), /serialNumber: not positive/],
    ["with the serial 0", () => patched("02 02 0a bc", "02 01 00 30"), /serialNumber: not positive/],
    [
      "with another algorithm outside than inside",
      () => patched("ce 3d 04 03 02", "ce 3d 04 03 03", "last"),
      /inner and the outer signature algorithm differ$/,
    ],
    ["with an extension given twice", () => patched("55 1d 25", "55 1d 0f"), /extension 2\.5\.29\.15 twice$/],
    [
      "with extensions but version 2",
      () => patched("a0 03 02 01 02", "a0 03 02 01 01"),
      /extensions in a certificate of version 2$/,
    ],
    ["of version 4", () => patched("a0 03 02 01 02", "a0 03 02 01 03"), /version: not 2 or 3$/],
    [
      "with a key on no curve",
      () => patched("2a 86 48 ce 3d 03 01 07", "2a 86 48 ce 3d 03 01 7f"),
      /not a public key that OpenSSL can read$/,
    ],
    ["with bytes after it", () => new Uint8Array([...der, 0]), /^Certificate: trailing bytes/],
    ["cut short", () => der.slice(0, -1), /^Certificate: an element that ends outside its parent/],
    ["that is empty", () => new Uint8Array(), /^Certificate: the end of the bytes/],
  ])("%s", (_fact, bytes, message) => {
    expect(() => readCertificate(bytes())).toThrow(
      expect.objectContaining({ code: "ERR_DER", message: expect.stringMatching(message) }),
    );
  });

  test("with a serial of 21 octets", () => {
    const issued = pki.root().issue({ serial: `7f${"00".repeat(20)}` });
    expect(() => readCertificate(derOf(issued))).toThrow(/longer than 20 octets$/);
  });
});

describe("extensions are refused", () => {
  const KEY_USAGE_OID = tlv(0x06, octets("55 1d 0f"));
  const VALUE = tlv(0x04, octets("03 02 07 80"));
  const read = (...list: readonly Uint8Array[]): unknown =>
    readExtensions(new DerReader(Buffer.concat(list), "x"), "x");

  test.each([
    ["as an empty list", () => read(), "x: an empty list of extensions"],
    [
      "with FALSE written out",
      () => read(tlv(0x30, KEY_USAGE_OID, octets("01 01 00"), VALUE)),
      "x.2.5.29.15: critical FALSE written out",
    ],
    [
      "with something after the value",
      () => read(tlv(0x30, KEY_USAGE_OID, VALUE, octets("05 00"))),
      "x.extension: trailing bytes at offset 11",
    ],
  ])("%s", (_fact, readThem, message) => {
    expect(readThem).toThrow(new DerError(message));
  });
});

test("an RDN without attributes is refused", () => {
  const from = Buffer.from(der).indexOf(octets("31 19"));
  expect(from).toBeGreaterThan(0);
  // The issuer's one RDN becomes an empty SET, followed by what would be another RDN.
  const copy = Buffer.from(der);
  copy.set(octets("31 00 31 17"), from);
  expect(() => readCertificate(copy)).toThrow("Certificate.issuer: an RDN without attributes");
});
