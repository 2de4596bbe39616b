import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { peculiarSigner } from "./peculiar-signer.ts";

/** What makes a CRL of these serials by @peculiar/x509's generator, and gives its length in bytes. */
export async function peculiarCrl(options: {
  readonly keyPem: string;
  readonly rootPem: string;
  readonly serials: readonly string[];
  readonly revokedAt: Date;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
}): Promise<() => Promise<number>> {
  const { keyPem, rootPem, serials, revokedAt, thisUpdate, nextUpdate } = options;
  x509.cryptoProvider.set(webcrypto as Parameters<typeof x509.cryptoProvider.set>[0] & object);
  const root = new x509.X509Certificate(rootPem);
  const { signingAlgorithm, signingKey } = await peculiarSigner(keyPem);
  const entries = serials.map((serialNumber) => ({
    serialNumber,
    revocationDate: revokedAt,
    reason: x509.X509CrlReason.keyCompromise,
  }));
  return async () => {
    const crl = await x509.X509CrlGenerator.create({
      issuer: root.subjectName,
      thisUpdate,
      nextUpdate,
      entries,
      signingAlgorithm,
      signingKey,
    });
    return crl.rawData.byteLength;
  };
}
