import type { KeyObject } from "node:crypto";
import * as fc from "fast-check";
import { TAG } from "../../src/der/tag.ts";
import { DER_TRUE, namedBits, objectIdentifier, sequence, setOf, stringOf, tagged, tlv } from "../../src/der/write.ts";
import { isReservedName, type LeafKeyAlgorithm, type ProfileName, type Usage } from "../../src/index.ts";
import { OID } from "../../src/lib/oids.ts";
import { attributeOidOf } from "../../src/name/attribute-types.ts";
import { writeName } from "../../src/name/write-name.ts";
import { extendedKeyUsageOids, keyUsageBits } from "../../src/profile/usages.ts";
import { parseIp } from "../../src/san/ip-address.ts";
import { ascii } from "./bytes.ts";
import { newKeyPair } from "./key-pair.ts";
import { extensionRequest, rawExtension, type RequestParts } from "./request.ts";

/** A request that its profile must let pass, and what is asked beside it. */
export interface RandomRequest {
  readonly profile: ProfileName;
  readonly algorithm: LeafKeyAlgorithm;
  readonly parts: RequestParts;
  readonly usages: readonly Usage[];
  readonly isCa: boolean;
}

const KEYS = new Map<LeafKeyAlgorithm, KeyObject>();
/** One private key of each type for all requests: RSA keys take long to make. */
export function privateKeyOf(algorithm: LeafKeyAlgorithm): KeyObject {
  const key = KEYS.get(algorithm) ?? newKeyPair(algorithm).privateKey;
  KEYS.set(algorithm, key);
  return key;
}

const textOf = (unit: fc.Arbitrary<string>, maxLength: number): fc.Arbitrary<string> =>
  fc
    .string({ unit, minLength: 1, maxLength })
    .map((text) => text.replaceAll(/ +/g, " ").trim().normalize("NFC"))
    .filter((text) => text.length > 0 && text.length <= maxLength && !isReservedName(text));

const AWS_CHARACTER = fc.constantFrom(...Array.from("ABCXYZabcxyz0189 _.:=+@-"));
const VISIBLE_CHARACTER = fc.constantFrom(
  ...Array.from("abcXYZ019 ,+=\"\\<>;#/'&*%{}"),
  "\u00EB",
  "\u0436",
  "\u65E5",
  "\u{1F600}",
);

const awsSubject: fc.Arbitrary<Uint8Array> = fc
  .uniqueArray(
    fc.oneof(
      fc.record({ type: fc.constantFrom("CN", "O", "OU", "ST", "L"), value: textOf(AWS_CHARACTER, 61) }),
      fc.record({ type: fc.constant("C"), value: fc.constantFrom("DE", "US") }),
    ),
    { selector: ({ type }) => type, minLength: 1, maxLength: 6 },
  )
  .map(writeName);

const GENERAL_TYPES = ["CN", "O", "OU", "L", "ST", "serialNumber", "2.5.4.9", "0.9.2342.19200300.100.1.1", "1.2.3.4"];
const generalRdn: fc.Arbitrary<Uint8Array> = fc
  .uniqueArray(fc.record({ type: fc.constantFrom(...GENERAL_TYPES), value: textOf(VISIBLE_CHARACTER, 64) }), {
    selector: ({ type }) => type,
    minLength: 1,
    maxLength: 3,
  })
  .map((attributes) =>
    setOf(
      ...attributes.map(({ type, value }) =>
        sequence(objectIdentifier(attributeOidOf(type) ?? type), stringOf(TAG.utf8String, value)),
      ),
    ),
  );

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);
const dnsName = fc
  .tuple(fc.array(label, { maxLength: 3 }), fc.stringMatching(/^[a-z]([a-z0-9-]{0,10}[a-z0-9])?$/))
  .map(([labels, last]) => [...labels, last].join("."))
  .filter((name) => !isReservedName(name));
const uri = fc
  .tuple(dnsName, fc.array(fc.stringMatching(/^[A-Za-z0-9_:=+-]{1,12}$/), { maxLength: 3 }))
  .map(([host, path]) => `spiffe://${host}${path.map((segment) => `/${segment}`).join("")}`);
const email = fc
  .tuple(fc.stringMatching(/^[A-Za-z0-9_+=-]{1,20}$/), dnsName)
  .map(([local, host]) => `${local}@${host}`);
const ip = fc.constantFrom("10.0.0.1", "127.0.0.1", "223.255.255.255", "::1", "fd00::1:0:0:5", "2001:db8::1");
const generalName = (tag: number, value: fc.Arbitrary<string>): fc.Arbitrary<Uint8Array> =>
  value.filter((text) => !isReservedName(text)).map((text) => tlv(tag, ascii(text)));
const awsName = fc.oneof(
  generalName(0x82, dnsName),
  generalName(0x86, uri),
  generalName(0x81, email),
  ip.map((text) => tlv(0x87, parseIp(text) ?? new Uint8Array(4))),
);
const otherName = textOf(VISIBLE_CHARACTER, 40).map((text) =>
  tagged(0, objectIdentifier("1.3.6.1.4.1.311.20.2.3"), tagged(0, stringOf(TAG.utf8String, text))),
);
const anyName = fc.oneof(
  awsName,
  generalName(
    0x82,
    dnsName.map((name) => `*.${name}`),
  ),
  otherName,
);
const distinct = (name: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array[]> =>
  fc.uniqueArray(name, { selector: (bytes) => Buffer.from(bytes).toString("hex"), maxLength: 12 });

const AWS_USAGES = ["signing", "digital signature", "key encipherment", "client auth", "server auth"] as const;

interface Choice {
  readonly profile: ProfileName;
  readonly algorithm: LeafKeyAlgorithm;
  readonly subject: Uint8Array;
  readonly names: readonly Uint8Array[];
  readonly usages: readonly Usage[];
  readonly isCa: boolean;
  readonly saysSo: boolean;
}

function requestOf({ profile, algorithm, subject, names, usages, isCa, saysSo }: Choice): RandomRequest {
  const bits = keyUsageBits(usages);
  const purposes = extendedKeyUsageOids(usages).map(objectIdentifier);
  const extensions = [
    ...(names.length === 0 ? [] : [rawExtension(OID.subjectAltName, sequence(...names))]),
    ...(saysSo && isCa ? [rawExtension(OID.basicConstraints, sequence(DER_TRUE))] : []),
    ...(saysSo && bits.length > 0 ? [rawExtension(OID.keyUsage, namedBits(bits))] : []),
    ...(saysSo && purposes.length > 0 ? [rawExtension(OID.extendedKeyUsage, sequence(...purposes))] : []),
  ];
  const attributes = extensions.length === 0 ? [] : [extensionRequest(...extensions)];
  return { profile, algorithm, parts: { subject, attributes }, usages, isCa };
}

const FAST_KEYS = ["ECDSA-P256", "ECDSA-P384"] as const;

export const rolesAnywhereRequest: fc.Arbitrary<RandomRequest> = fc
  .record({
    profile: fc.constant<ProfileName>("RolesAnywhere"),
    algorithm: fc.constantFrom<LeafKeyAlgorithm>(...FAST_KEYS, "RSA-2048", "RSA-3072", "RSA-4096"),
    subject: awsSubject,
    names: distinct(awsName),
    usages: fc.subarray<Usage>([...AWS_USAGES]),
    isCa: fc.constant(false),
    saysSo: fc.boolean(),
  })
  .map(requestOf);

export const generalRequest: fc.Arbitrary<RandomRequest> = fc
  .record({
    profile: fc.constant<ProfileName>("General"),
    algorithm: fc.constantFrom<LeafKeyAlgorithm>(...FAST_KEYS, "Ed25519", "RSA-2048"),
    subject: fc.array(generalRdn, { maxLength: 4 }).map((rdns) => sequence(...rdns)),
    names: distinct(anyName),
    // With a signature at least: what a key cannot do at all is refused.
    usages: fc
      .subarray<Usage>([...AWS_USAGES.slice(1), "data encipherment", "any", "code signing"])
      .map((usages): readonly Usage[] => [...new Set<Usage>(["digital signature", ...usages])]),
    isCa: fc.boolean(),
    saysSo: fc.boolean(),
  })
  .filter(({ subject, names }) => subject.length > 2 || names.length > 0)
  .map(requestOf);
