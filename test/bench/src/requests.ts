import "reflect-metadata";
import { webcrypto } from "node:crypto";
import type { LeafKeyAlgorithm } from "@capstan/ca-core";
import * as x509 from "@peculiar/x509";
import { rsaKeys } from "./rsa-keys.ts";

/** A PKCS#10 request with what was signed in it, taken apart. */
export interface BenchRequest {
  readonly pem: string;
  /** CertificationRequestInfo, DER. */
  readonly info: Uint8Array;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  readonly signature: Uint8Array;
}

type Algorithm = Parameters<typeof webcrypto.subtle.sign>[0] & { readonly hash?: string; readonly namedCurve?: string };

/** How WebCrypto names the key type, and the hash that signs its request. */
const WEB_CRYPTO: { readonly [algorithm in LeafKeyAlgorithm]: Algorithm & { readonly name: string } } = {
  "RSA-2048": { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  "RSA-3072": { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  "RSA-4096": { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  "ECDSA-P256": { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  "ECDSA-P384": { name: "ECDSA", namedCurve: "P-384", hash: "SHA-256" },
  Ed25519: { name: "Ed25519" },
};

x509.cryptoProvider.set(webcrypto as Parameters<typeof x509.cryptoProvider.set>[0] & object);

/**
 * Requests as cert-manager makes them for a workload: a common name, a DNS name and a SPIFFE ID, key usages. All names
 * and keys differ.
 */
export async function makeRequests(algorithm: LeafKeyAlgorithm, count: number): Promise<BenchRequest[]> {
  const requests: BenchRequest[] = [];
  for (const [index, keys] of (await keyPairs(algorithm, count)).entries()) {
    requests.push(await makeRequest(`web-${index}`, keys, WEB_CRYPTO[algorithm]));
  }
  return requests;
}

async function keyPairs(algorithm: LeafKeyAlgorithm, count: number): Promise<webcrypto.CryptoKeyPair[]> {
  const { subtle } = webcrypto;
  const kind = WEB_CRYPTO[algorithm];
  if (!algorithm.startsWith("RSA")) {
    const makeOne = async (): Promise<webcrypto.CryptoKeyPair> =>
      (await subtle.generateKey(kind, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
    return Promise.all(Array.from({ length: count }, makeOne));
  }
  const jwks = await rsaKeys(Number(algorithm.slice("RSA-".length)), count);
  return Promise.all(
    jwks.map(async (jwk) => ({
      privateKey: await subtle.importKey("jwk", jwk, kind, true, ["sign"]),
      publicKey: await subtle.importKey("jwk", { kty: "RSA", n: jwk.n ?? "", e: jwk.e ?? "" }, kind, true, ["verify"]),
    })),
  );
}

async function makeRequest(name: string, keys: webcrypto.CryptoKeyPair, kind: Algorithm): Promise<BenchRequest> {
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: `CN=${name}.demo`,
    keys,
    signingAlgorithm: kind,
    extensions: [
      new x509.SubjectAlternativeNameExtension([
        { type: "dns", value: `${name}.demo.svc` },
        { type: "url", value: `spiffe://example.org/ns/demo/sa/${name}` },
      ]),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
    ],
  });
  // PEM as RFC 7468 has it: with a final newline.
  const pem = `${request.toString("pem").trimEnd()}\n`;
  return {
    pem,
    info: firstMember(new Uint8Array(request.rawData)),
    spki: new Uint8Array(request.publicKey.rawData),
    signature: new Uint8Array(request.signature),
  };
}

/** The first value inside a SEQUENCE. */
function firstMember(der: Uint8Array): Uint8Array {
  const outer = contentOf(der);
  const inner = contentOf(outer);
  return outer.subarray(0, inner.byteOffset - outer.byteOffset + inner.length);
}

function contentOf(der: Uint8Array): Uint8Array {
  const first = der[1] ?? 0;
  const lengthOctets = first < 0x80 ? 0 : first & 0x7f;
  const octets = der.subarray(2, 2 + lengthOctets);
  const length = lengthOctets === 0 ? first : octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return der.subarray(2 + lengthOctets, 2 + lengthOctets + length);
}
