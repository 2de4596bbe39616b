import { afterAll, expect, test } from "vitest";
import { readCertificate } from "../src/certificate.ts";
import { readCrl } from "../src/crl.ts";
import { DerError } from "../src/der.ts";
import { readPem } from "../src/pem.ts";
import { LEAF_EXTENSIONS, OpensslPki } from "./openssl-pki.ts";

const pki = new OpensslPki();

afterAll(() => pki.dispose());

/** Every copy of these bytes with one octet changed in one of a few telling ways, or cut off after it. */
function* spoilt(bytes: Uint8Array): Generator<Uint8Array> {
  for (const [index, octet] of bytes.entries()) {
    for (const value of [0x00, 0x01, 0x1e, 0x30, 0x80, 0xff, octet ^ 1, octet ^ 0x20]) {
      const copy = Uint8Array.from(bytes);
      copy[index] = value;
      yield copy;
    }
    yield bytes.subarray(0, index);
  }
}

/** The names of the errors that reading these bytes ends with; nothing but DerError may be among them. */
function errorsOf(read: (bytes: Uint8Array) => unknown, bytes: Uint8Array): readonly string[] {
  const names = new Set<string>();
  for (const each of spoilt(bytes)) {
    try {
      read(each);
    } catch (error) {
      names.add(error instanceof Error ? error.name : String(error));
    }
  }
  return [...names];
}

test("a certificate with any octet changed is read or refused, never worse", { timeout: 120_000 }, () => {
  const names = ["DNS:web.demo.svc", "URI:spiffe://example.org/ns/demo/sa/web", "dirName:dir"].join(",");
  const leaf = pki.root().issue({ extensions: [...LEAF_EXTENSIONS, `subjectAltName = ${names}`, "[dir]", "CN = x"] });
  const [block] = readPem(leaf.certificatePem) ?? [];
  expect(errorsOf(readCertificate, block?.der ?? new Uint8Array())).toEqual([DerError.name]);
});

test("so is a CRL", { timeout: 120_000 }, () => {
  const root = pki.root();
  const crl = root.crl({ revoked: [root.issue(), root.issue()], form: "DER" });
  expect(errorsOf(readCrl, crl)).toEqual([DerError.name]);
});
