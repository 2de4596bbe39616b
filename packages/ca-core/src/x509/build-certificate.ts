// The polyfill must be there before @peculiar/x509 loads its container.
import "reflect-metadata";
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { webcrypto } from "node:crypto";
import { encodingOf, readDer } from "../der/read.ts";
import { plain, toHex } from "../lib/bytes.ts";
import { attributeOidOf, type NameAttribute } from "../name/attribute-types.ts";
import { KEY_ALGORITHMS, type KeyAlgorithm, type SigningHash } from "../keys/algorithms.ts";

export interface RootPlan {
  readonly subject: readonly Pick<NameAttribute, "type" | "value">[];
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly spki: Uint8Array;
  readonly algorithm: KeyAlgorithm;
  readonly hash: SigningHash;
  /** Undefined: no bound. */
  readonly pathLength: number | undefined;
  readonly ski: Uint8Array;
}

/** The parameter's type: lib.dom, which names it, is not in use here. */
type GeneratorCrypto = Parameters<typeof X509CertificateGenerator.create>[1];

const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]+$/;

/** As Web Crypto names them. */
const HASH_NAMES: { readonly [hash in SigningHash]: string } = { sha256: "SHA-256", sha384: "SHA-384" };

/** The TBSCertificate of a self-signed root, built by @peculiar/x509: this file is the only one that imports it. */
export async function buildRootTbs(plan: RootPlan): Promise<Uint8Array> {
  const name = new Name(
    // Only the object form takes a value as it is: plain strings are split at commas and may be read as raw DER.
    plan.subject.map(({ type, value }) => ({
      [attributeOidOf(type) ?? type]: [PRINTABLE.test(value) ? { printableString: value } : { utf8String: value }],
    })),
  );
  const { kind } = KEY_ALGORITHMS[plan.algorithm];
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: plan.serial,
      subject: name,
      issuer: name,
      notBefore: plan.notBefore,
      notAfter: plan.notAfter,
      publicKey: arrayBufferOf(plan.spki),
      signingAlgorithm: { name: kind === "RSA" ? "RSASSA-PKCS1-v1_5" : "ECDSA", hash: HASH_NAMES[plan.hash] },
      // Cut off again below: our own signer signs, wherever its key lives.
      signature: new ArrayBuffer(8),
      extensions: [
        new BasicConstraintsExtension(true, plan.pathLength, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        new SubjectKeyIdentifierExtension(toHex(plan.ski), false),
      ],
    },
    webcrypto as GeneratorCrypto,
  );
  const tbs = readDer(new Uint8Array(certificate.rawData)).children[0];
  if (tbs === undefined) throw new TypeError("@peculiar/x509 returned an empty certificate");
  return plain(encodingOf(tbs));
}

function arrayBufferOf(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
