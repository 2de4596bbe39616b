import { X509Certificate } from "node:crypto";
import { expect } from "vitest";
import { readTbsCertificate } from "../../src/certificate/read-certificate.ts";
import { namedBitsOf, oidOf } from "../../src/der/fields.ts";
import { encodingOf, readDer } from "../../src/der/read.ts";
import type { CertificationRequest, Leaf, ProfileName, Usage } from "../../src/index.ts";
import { OID } from "../../src/lib/oids.ts";
import { readName } from "../../src/name/read-name.ts";
import { extendedKeyUsageOids, keyUsageBits } from "../../src/profile/usages.ts";
import { readSan } from "../../src/san/read-san.ts";

/** What a key can do, written once more: a table that were wrong in the sources would be right by itself. */
const DOABLE: { readonly [kind: string]: readonly number[] } = {
  rsa: [0, 1, 2, 3, 5, 6],
  ec: [0, 1, 4, 5, 6, 7, 8],
  ed25519: [0, 1, 5, 6],
};

/** Holds a leaf to the request that was validated, and to nothing that the issuing code says about it. */
export function expectLeafOf(leaf: Leaf, { request, profile, usages, isCa }: LeafExpectation): void {
  const openssl = new X509Certificate(leaf.der);
  const tbs = readDer(leaf.der).children[0];
  if (tbs === undefined) throw new TypeError("no certificate");
  const read = readTbsCertificate(tbs);
  const valueOf = (oid: string): (typeof read.extensions)[number]["value"] | undefined =>
    read.extensions.find((extension) => extension.oid === oid)?.value;
  const key = openssl.publicKey;
  const subject = readName(read.subject, "subject");
  const san = valueOf(OID.subjectAltName);
  const usage = valueOf(OID.keyUsage);
  const purposes = valueOf(OID.extendedKeyUsage)?.children.map((child) => oidOf(child, "purpose"));
  const asked = [...new Set([...keyUsageBits(usages), ...(isCa ? [5] : []), ...(profile === "General" ? [] : [0])])];
  const doable = DOABLE[key.asymmetricKeyType ?? ""] ?? [];
  expect({
    key: Uint8Array.from(key.export({ format: "der", type: "spki" })),
    attributes: subject.attributes,
    shared: subject.sharedRdnTypes,
    bytes: profile === "General" ? Uint8Array.from(encodingOf(read.subject)) : request.subjectDer,
    names: san === undefined ? [] : readSan(san, "names").names,
    usage: usage === undefined ? [] : namedBitsOf(usage, "usage"),
    purposes: purposes ?? [],
    ca: openssl.ca,
  }).toEqual({
    key: request.publicKey.spki,
    attributes: request.subject,
    shared: request.sharedRdnTypes,
    bytes: request.subjectDer,
    names: request.subjectAlternativeNames,
    usage: asked.filter((bit) => doable.includes(bit) && !(isCa && (bit === 2 || bit === 3))).sort((a, b) => a - b),
    purposes: extendedKeyUsageOids(usages),
    ca: isCa,
  });
}

export interface LeafExpectation {
  readonly request: CertificationRequest;
  readonly profile: ProfileName;
  readonly usages: readonly Usage[];
  readonly isCa: boolean;
}
