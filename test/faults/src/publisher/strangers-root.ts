import { randomBytes } from "node:crypto";
import { createRoot, encodeCrl, generateCaKey, parseCrlNumber, parseSerial } from "@capstan/ca-core";

const dayMs = 86_400_000;

/** The root of a CA that no authority of ours has, and a CRL of it. */
export async function strangersRoot(): Promise<{
  readonly pem: string;
  readonly sha256: string;
  readonly crlPem: string;
}> {
  const signer = await generateCaKey("ECDSA-P256");
  const now = Math.floor(Date.now() / 1000) * 1000;
  const root = await createRoot({
    subject: { commonName: `Stranger ${randomBytes(4).toString("hex")}` },
    generation: 1,
    notBefore: new Date(now - dayMs),
    notAfter: new Date(now + 900 * dayMs),
    signer,
  });
  const { pem: crlPem } = await encodeCrl({
    root,
    signer,
    number: parseCrlNumber("1"),
    thisUpdate: new Date(now),
    nextUpdate: new Date(now + 300 * dayMs),
    entries: [{ serial: parseSerial("4f1c"), revokedAt: new Date(now) }],
  });
  return { pem: root.pem, sha256: root.sha256, crlPem };
}
