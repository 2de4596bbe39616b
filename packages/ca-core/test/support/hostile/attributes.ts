import { TAG } from "../../../src/der/tag.ts";
import {
  DER_NULL,
  DER_TRUE,
  namedBits,
  objectIdentifier,
  octetString,
  sequence,
  stringOf,
  tlv,
  unsignedInteger,
} from "../../../src/der/write.ts";
import { OID } from "../../../src/lib/oids.ts";
import { ascii, hex } from "../bytes.ts";
import { attribute, extensionRequest, rawExtension, requestPem, type HostileRow } from "../request.ts";
import { octetsOf } from "../rsa.ts";

const dns = (text: string): Uint8Array => tlv(0x82, ascii(text));
const withExtensions = (...extensions: readonly Uint8Array[]): string =>
  requestPem({ attributes: [extensionRequest(...extensions)] });
const withExtension = (oid: string, value: Uint8Array, critical?: Uint8Array): string =>
  withExtensions(rawExtension(oid, value, critical));
const challengePassword = "1.2.840.113549.1.9.7";
const unstructuredName = "1.2.840.113549.1.9.2";
const microsoftOsVersion = "1.3.6.1.4.1.311.13.2.3";
const SAN = rawExtension(OID.subjectAltName, sequence(dns("web.demo.svc")));
const SAN_CRITICAL = rawExtension(OID.subjectAltName, sequence(dns("other.demo.svc")), DER_TRUE);
const EMPTY_BC = rawExtension(OID.basicConstraints, sequence());
const ku = (...bits: number[]): string => withExtension(OID.keyUsage, namedBits(bits));
const eku = (...oids: string[]): string => withExtension(OID.extendedKeyUsage, sequence(...oids.map(objectIdentifier)));
const serverAuth = "1.3.6.1.5.5.7.3.1";
const clientAuth = "1.3.6.1.5.5.7.3.2";

/** Rows A01 to A07: attributes and extensions. */
export const ATTRIBUTES: readonly HostileRow[] = [
  [
    "A01",
    "two extensionRequest attributes",
    () => requestPem({ attributes: [extensionRequest(SAN), extensionRequest(EMPTY_BC)] }),
    ["ERR_CSR_ATTRIBUTE_DUPLICATE"],
  ],
  [
    "A02",
    "one attribute with two values",
    () => requestPem({ attributes: [attribute(OID.extensionRequest, sequence(SAN), sequence(EMPTY_BC))] }),
    ["ERR_CSR_ATTRIBUTE_VALUES"],
  ],
  [
    "A02",
    "one attribute with none",
    () => requestPem({ attributes: [attribute(OID.extensionRequest)] }),
    ["ERR_CSR_ATTRIBUTE_VALUES"],
  ],
  ["A03", "the same extension twice", () => withExtensions(SAN, SAN), ["ERR_CSR_EXTENSION_DUPLICATE"]],
  [
    "A03",
    "the same extension critical and not",
    () => withExtensions(SAN, SAN_CRITICAL),
    ["ERR_CSR_EXTENSION_DUPLICATE"],
  ],
  ["A03", "basicConstraints twice", () => withExtensions(EMPTY_BC, EMPTY_BC), ["ERR_CSR_EXTENSION_DUPLICATE"]],
  [
    "A04",
    "an unknown critical extension",
    () => withExtension("1.2.3.4", DER_NULL, DER_TRUE),
    ["ERR_CSR_EXTENSION_UNKNOWN"],
  ],
  ["A04", "an unknown extension", () => withExtension("1.2.3.4", DER_NULL), ["ERR_CSR_EXTENSION_UNKNOWN"]],
  ["A04", "an empty list of extensions", () => withExtensions(), ["ERR_CSR_EXTENSIONS_EMPTY"]],
  ["A05", "basicConstraints without cA", () => withExtensions(EMPTY_BC), []],
  ["A05", "cA TRUE", () => withExtension(OID.basicConstraints, sequence(DER_TRUE)), ["ERR_CA_NOT_ALLOWED"]],
  [
    "A05",
    "cA TRUE with spec.isCA",
    () => withExtension(OID.basicConstraints, sequence(DER_TRUE)),
    ["ERR_CA_NOT_ALLOWED", "ERR_CA_NOT_ALLOWED"],
    { question: { isCa: true } },
  ],
  [
    "A05",
    "cA TRUE with spec.isCA where CA certificates are allowed",
    () => withExtension(OID.basicConstraints, sequence(DER_TRUE)),
    ["ERR_CA_NOT_ALLOWED", "ERR_CA_NOT_ALLOWED"],
    { question: { isCa: true, allowCa: true }, general: [] },
  ],
  [
    "A05",
    "cA TRUE without spec.isCA where CA certificates are allowed",
    () => withExtension(OID.basicConstraints, sequence(DER_TRUE)),
    ["ERR_CA_NOT_ALLOWED"],
    { question: { allowCa: true } },
  ],
  [
    "A05",
    "cA FALSE with spec.isCA",
    () => withExtensions(EMPTY_BC),
    ["ERR_CA_NOT_ALLOWED"],
    { question: { isCa: true, allowCa: true }, general: ["ERR_CSR_BASIC_CONSTRAINTS"] },
  ],
  [
    "A05",
    "keyCertSign and cRLSign of a CA",
    () => ku(5, 6),
    ["ERR_CA_NOT_ALLOWED", "ERR_USAGE_NOT_ALLOWED", "ERR_USAGE_NOT_ALLOWED"],
    { question: { isCa: true, allowCa: true }, general: [] },
  ],
  [
    "A05",
    "a CA below a root of pathLen 0",
    () => requestPem(),
    ["ERR_CA_NOT_ALLOWED"],
    { question: { isCa: true, allowCa: true, root: { subject: [], pathLength: 0 } }, general: ["ERR_CA_PATH_LENGTH"] },
  ],
  [
    "A05",
    "pathLen as high as the root's",
    () => withExtension(OID.basicConstraints, sequence(DER_TRUE, hex("02 01 02"))),
    ["ERR_CA_NOT_ALLOWED", "ERR_CA_NOT_ALLOWED"],
    { question: { isCa: true, allowCa: true, root: { subject: [], pathLength: 2 } }, general: ["ERR_CA_PATH_LENGTH"] },
  ],
  [
    "A05",
    "pathLen below the root's",
    () => withExtension(OID.basicConstraints, sequence(DER_TRUE, hex("02 01 01"))),
    ["ERR_CA_NOT_ALLOWED", "ERR_CA_NOT_ALLOWED"],
    { question: { isCa: true, allowCa: true, root: { subject: [], pathLength: 2 } }, general: [] },
  ],
  [
    "A05",
    "cA TRUE and pathLen 0",
    () => withExtension(OID.basicConstraints, sequence(DER_TRUE, hex("02 01 00"))),
    ["ERR_CA_NOT_ALLOWED"],
  ],
  [
    "A05",
    "pathLen without cA",
    () => withExtension(OID.basicConstraints, sequence(hex("02 01 00"))),
    ["ERR_CSR_BASIC_CONSTRAINTS"],
  ],
  [
    "A05",
    "pathLen -1",
    () => withExtension(OID.basicConstraints, sequence(DER_TRUE, hex("02 01 ff"))),
    ["ERR_DER_STRUCTURE"],
  ],
  [
    "A05",
    "pathLen 2^63",
    () => withExtension(OID.basicConstraints, sequence(DER_TRUE, unsignedInteger(octetsOf(2n ** 63n)))),
    ["ERR_CSR_BASIC_CONSTRAINTS"],
  ],
  ["A05", "digitalSignature and keyEncipherment", () => ku(0, 2), []],
  ["A05", "keyCertSign", () => ku(0, 5), ["ERR_USAGE_NOT_ALLOWED"]],
  ["A05", "cRLSign", () => ku(6), ["ERR_USAGE_NOT_ALLOWED"]],
  ["A05", "keyAgreement, which no rule names", () => ku(0, 4), ["ERR_USAGE_NOT_ALLOWED"]],
  ["A05", "a keyUsage bit without meaning", () => ku(0, 9), ["ERR_CSR_KEY_USAGE"]],
  ["A05", "keyUsage without a bit", () => ku(), ["ERR_CSR_KEY_USAGE"]],
  [
    "A05",
    "keyUsage that ends in zero bits",
    () => withExtension(OID.keyUsage, hex("03 02 00 80")),
    ["ERR_DER_BIT_STRING"],
  ],
  ["A05", "clientAuth and serverAuth", () => eku(clientAuth, serverAuth), []],
  ["A05", "any purpose", () => eku("2.5.29.37.0"), ["ERR_USAGE_NOT_ALLOWED"]],
  [
    "A05",
    "any purpose where that is allowed",
    () => eku("2.5.29.37.0"),
    ["ERR_USAGE_NOT_ALLOWED"],
    { question: { allowedUsages: ["any", "digital signature"] }, general: [] },
  ],
  [
    "A05",
    "keyCertSign where that is allowed, without spec.isCA",
    () => ku(0, 5),
    ["ERR_USAGE_NOT_ALLOWED"],
    { question: { allowedUsages: ["cert sign", "digital signature"] } },
  ],
  ["A05", "codeSigning", () => eku("1.3.6.1.5.5.7.3.3"), ["ERR_USAGE_NOT_ALLOWED"]],
  ["A05", "an unknown purpose", () => eku("1.2.3.4"), ["ERR_USAGE_UNKNOWN"]],
  ["A05", "no purpose", () => eku(), ["ERR_CSR_EXTENDED_KEY_USAGE"]],
  ["A05", "a purpose twice", () => eku(clientAuth, clientAuth), ["ERR_CSR_EXTENDED_KEY_USAGE"]],
  ["A06", "nameConstraints", () => withExtension("2.5.29.30", sequence(), DER_TRUE), ["ERR_CSR_EXTENSION_UNKNOWN"]],
  ["A06", "policyMappings", () => withExtension("2.5.29.33", sequence()), ["ERR_CSR_EXTENSION_UNKNOWN"]],
  ["A06", "noRevAvail", () => withExtension("2.5.29.56", DER_NULL), ["ERR_CSR_EXTENSION_UNKNOWN"]],
  ["A06", "a CRL distribution point", () => withExtension("2.5.29.31", sequence()), ["ERR_CSR_EXTENSION_UNKNOWN"]],
  ["A06", "authorityInfoAccess", () => withExtension("1.3.6.1.5.5.7.1.1", sequence()), ["ERR_CSR_EXTENSION_UNKNOWN"]],
  [
    "A07",
    "challengePassword",
    () => requestPem({ attributes: [attribute(challengePassword, stringOf(TAG.utf8String, "x"))] }),
    [],
  ],
  [
    "A07",
    "unstructuredName and Microsoft's",
    () =>
      requestPem({
        attributes: [
          attribute(unstructuredName, stringOf(TAG.ia5String, "x")),
          attribute(microsoftOsVersion, stringOf(TAG.ia5String, "6.0")),
        ],
      }),
    [],
  ],
  [
    "A07",
    "an attribute of 1 MB",
    () => requestPem({ attributes: [attribute(challengePassword, octetString(new Uint8Array(1 << 20)))] }),
    ["ERR_PEM_SIZE"],
  ],
];
