import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readCrl } from "../src/crl.ts";
import { octets, tlv } from "./der-builder.ts";
import { type OpensslCa, OpensslPki } from "./openssl-pki.ts";

const pki = new OpensslPki();
let root: OpensslCa;

beforeAll(() => {
  root = pki.root();
});

afterAll(() => pki.dispose());

test("a CRL of openssl's is read", () => {
  const revoked = [root.issue({ serial: "0A01" }), root.issue({ serial: "F00D" })];
  const thisUpdate = new Date("2026-11-22T02:00:00Z");
  const nextUpdate = new Date("2026-12-22T02:00:00Z");
  const crl = readCrl(root.crl({ revoked, lastUpdate: thisUpdate, nextUpdate, form: "DER" }));
  expect(crl).toMatchObject({
    issuer: { attributes: [{ type: "CN", value: "Example Fleet CA" }] },
    thisUpdate,
    nextUpdate,
    revoked: new Set([0x0a01n, 0xf00dn]),
  });
});

const VERSION_2 = octets("02 01 01");
const ECDSA_SHA256 = tlv(0x30, octets("06 08 2a 86 48 ce 3d 04 03 02"));
const RSA_SHA256 = tlv(0x30, octets("06 09 2a 86 48 86 f7 0d 01 01 0b 05 00"));
const ISSUER = tlv(0x30);
const time = (text: string): Uint8Array => tlv(0x17, new TextEncoder().encode(text));
const THIS_UPDATE = time("261122020000Z");
const NEXT_UPDATE = time("261222020000Z");
const extension = (oid: string): Uint8Array => tlv(0x30, tlv(0x06, octets(oid)), tlv(0x04, octets("05 00")));
const entry = (serial: string, ...oids: readonly string[]): Uint8Array =>
  tlv(0x30, tlv(0x02, octets(serial)), THIS_UPDATE, ...(oids.length > 0 ? [tlv(0x30, ...oids.map(extension))] : []));

/** A CRL of these parts. Its signature is rubbish: reading comes first. */
const crlOf = (...parts: readonly Uint8Array[]): Uint8Array =>
  tlv(0x30, tlv(0x30, ...parts), ECDSA_SHA256, octets("03 02 00 00"));

const HEAD = [VERSION_2, ECDSA_SHA256, ISSUER, THIS_UPDATE, NEXT_UPDATE] as const;

test("the parts by themselves are a CRL", () => {
  expect(readCrl(crlOf(...HEAD)).revoked.size).toBe(0);
  expect(readCrl(crlOf(...HEAD, tlv(0x30, entry("01"), entry("02", "55 1d 15")))).revoked).toEqual(new Set([1n, 2n]));
});

describe("a CRL is refused", () => {
  test.each([
    ["of version 1", () => crlOf(...HEAD.slice(1)), /tag 0x30 where 0x02 belongs/],
    ["of version 3", () => crlOf(octets("02 01 02"), ...HEAD.slice(1)), "CertificateList.version: not 2"],
    [
      "with another algorithm outside than inside",
      () => crlOf(VERSION_2, RSA_SHA256, ISSUER, THIS_UPDATE, NEXT_UPDATE),
      /inner and the outer signature algorithm differ$/,
    ],
    [
      "without nextUpdate",
      () => crlOf(VERSION_2, ECDSA_SHA256, ISSUER, THIS_UPDATE),
      "CertificateList.nextUpdate: absent (RFC 5280, 5.1.2.5)",
    ],
    [
      "with an empty list of entries",
      () => crlOf(...HEAD, tlv(0x30)),
      "CertificateList.revokedCertificates: present but empty (RFC 5280, 5.1.2.6)",
    ],
    [
      "with a serial listed twice",
      () => crlOf(...HEAD, tlv(0x30, entry("01"), entry("02"), entry("01"))),
      "CertificateList.revokedCertificates[2]: serial listed twice",
    ],
    [
      "with another issuer's entry",
      () => crlOf(...HEAD, tlv(0x30, entry("01", "55 1d 1d"))),
      "CertificateList.revokedCertificates[0]: an indirect CRL",
    ],
    ["with entries and something more", () => crlOf(...HEAD, tlv(0x30, entry("01")), VERSION_2), /trailing bytes/],
  ])("%s", (_fact, der, message) => {
    expect(() => readCrl(der())).toThrow(
      expect.objectContaining({
        code: "ERR_DER",
        message: typeof message === "string" ? message : expect.stringMatching(message),
      }),
    );
  });
});
