import { createPublicKey, verify } from "node:crypto";
import { expect, test } from "vitest";
import { readDer } from "../../src/der/read.ts";
import { TAG } from "../../src/der/tag.ts";
import { DER_NULL, sequence, stringOf, tlv } from "../../src/der/write.ts";
import { checkCertificationRequest, decodePem } from "../../src/index.ts";
import { OID } from "../../src/lib/oids.ts";
import { ATTRIBUTE_OIDS } from "../../src/name/attribute-types.ts";
import { ascii, hex } from "../support/bytes.ts";
import { KEYS } from "../support/hostile/keys.ts";
import { attribute, extensionRequest, rawExtension, rawName, requestPem } from "../support/request.ts";
import { rsaSpki } from "../support/rsa.ts";

const challengePassword = "1.2.840.113549.1.9.7";

test("harmless attributes are named in the result", () => {
  const san = rawExtension(OID.subjectAltName, sequence(tlv(0x82, ascii("web.demo.svc"))));
  const checked = checkCertificationRequest(
    requestPem({
      attributes: [attribute(challengePassword, stringOf(TAG.utf8String, "secret")), extensionRequest(san)],
    }),
  );
  expect(checked.ok && checked.value).toMatchObject({
    subject: [{ oid: "2.5.4.3", type: "CN", value: "web.demo" }],
    subjectAlternativeNames: [{ kind: "DNS", value: "web.demo.svc" }],
    publicKey: { algorithm: "ECDSA-P256" },
    ignored: [challengePassword],
  });
});

test("every violation is reported at once, each with its field", () => {
  const checked = checkCertificationRequest(
    requestPem({
      version: hex("02 01 05"),
      subject: rawName(ATTRIBUTE_OIDS.CN, tlv(TAG.bmpString, hex("0077"))),
      spki: rsaSpki(2n ** 1023n + 1n),
      attributes: [extensionRequest(rawExtension("1.2.3.4", DER_NULL), rawExtension(OID.subjectAltName, sequence()))],
    }),
  );
  expect(checked.ok ? [] : checked.violations.map(({ code, field }) => `${field} ${code}`)).toEqual([
    "spec.request: version ERR_CSR_VERSION",
    "spec.request: subject.CN ERR_NAME_STRING_TYPE",
    "spec.request: extension 1.2.3.4 ERR_CSR_EXTENSION_UNKNOWN",
    "spec.request: subjectAltName ERR_SAN_EMPTY",
    "spec.request: public key ERR_KEY_RSA_SIZE",
  ]);
});

test("the forged signature of row K02 is one that OpenSSL takes, so that the key alone is what refuses it", () => {
  const forged = KEYS.find(([id, fact]) => id === "K02" && fact.startsWith("e = 1 "))?.[2]();
  const { der } = decodePem(forged ?? "", { labels: ["CERTIFICATE REQUEST"], maxBytes: 16_384 });
  const [info, , signature] = readDer(der).children;
  const spki = info?.children[2];
  const key = createPublicKey({ key: Buffer.from(der.subarray(spki?.start, spki?.end)), format: "der", type: "spki" });
  const octets = der.subarray((signature?.contentStart ?? 0) + 1, signature?.end);
  expect(verify("sha256", der.subarray(info?.start, info?.end), key, octets)).toBe(true);
});
