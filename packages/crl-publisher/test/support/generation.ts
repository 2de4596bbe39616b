import {
  type CaKey,
  type Crl,
  createRoot,
  encodeCrl,
  exportUnencryptedPrivateKey,
  generateCaKey,
  parseCrlNumber,
  parseSerial,
  readRoot,
  type Root,
} from "@capstan/ca-core";
import type { KubeObject } from "@capstan/kube";
import type { Generation } from "../../src/authority/generation-store.ts";
import { after, day, hour, minute, ownNamespace } from "./objects.ts";

/** A root from an hour ago with its key. */
export async function newGeneration(number = 1): Promise<Generation> {
  const key: CaKey = await generateCaKey("ECDSA-P256");
  const root: Root = await createRoot({
    subject: { commonName: "Example Fleet CA" },
    generation: number,
    notBefore: after(-hour),
    notAfter: after(365 * day),
    signer: key,
  });
  return { number, root: readRoot(root.pem), key };
}

/** The generation with a CRL of the number that names the serials. */
export async function wanted(
  { number, root, key }: Generation,
  crlNumber: number,
  serials: readonly string[] = ["4f1c"],
): Promise<{ readonly number: number; readonly fingerprint: string; readonly rootPem: string; readonly crl: Crl }> {
  const crl = await encodeCrl({
    root,
    signer: key,
    number: parseCrlNumber(String(crlNumber)),
    thisUpdate: after(-minute),
    nextUpdate: after(30 * day),
    entries: serials.map((serial) => ({ serial: parseSerial(serial), revokedAt: after(-hour), reason: "superseded" })),
  });
  return { number, fingerprint: root.sha256, rootPem: root.pem, crl };
}

export function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

/** The Secret as the publisher stores it. */
export function keySecret({ number, root, key }: Generation): KubeObject & { readonly data: Record<string, string> } {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: `fleet-${number}`, namespace: ownNamespace },
    data: { "tls.crt": base64(root.pem), "tls.key": base64(exportUnencryptedPrivateKey(key)) },
  };
}
