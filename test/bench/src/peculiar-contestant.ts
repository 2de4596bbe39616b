import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import type { BenchAuthority } from "./bench-authority.ts";
import { inProcess, type Contestant } from "./contestant.ts";
import { newSerial } from "./new-serial.ts";
import { peculiarSigner } from "./peculiar-signer.ts";
import type { BenchRequest } from "./requests.ts";

const DAY_MS = 86_400_000;

/** @peculiar/x509 alone: reads the request, verifies it, and makes a certificate with the same extensions as ours. */
export async function peculiar(authority: BenchAuthority, requests: readonly BenchRequest[]): Promise<Contestant> {
  const { signingAlgorithm, signingKey } = await peculiarSigner(authority.privateKey);
  const root = new x509.X509Certificate(authority.root.pem);
  const authorityKeyIdentifier = await x509.AuthorityKeyIdentifierExtension.create(root.publicKey);
  return inProcess("peculiar", async (n) => {
    const request = new x509.Pkcs10CertificateRequest(requests[n % requests.length]?.pem ?? "");
    if (!(await request.verify())) throw new Error("a request's signature does not verify");
    const now = Date.now();
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: newSerial(),
      issuer: root.subjectName,
      subject: request.subjectName,
      notBefore: new Date(now - 300_000),
      notAfter: new Date(now + DAY_MS),
      publicKey: request.publicKey,
      signingAlgorithm,
      signingKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
        ...request.extensions.filter((extension) => extension instanceof x509.SubjectAlternativeNameExtension),
        await x509.SubjectKeyIdentifierExtension.create(request.publicKey),
        authorityKeyIdentifier,
      ],
    });
    return new Uint8Array(certificate.rawData);
  });
}
