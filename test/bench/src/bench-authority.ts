import { createPrivateKey, type KeyObject } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import {
  createRoot,
  exportUnencryptedPrivateKey,
  generateCaKey,
  importCaKey,
  readRoot,
  type CaKey,
  type KeyAlgorithm,
  type Root,
} from "@capstan/ca-core";

/** One CA that all contestants issue from. */
export interface BenchAuthority {
  readonly algorithm: KeyAlgorithm;
  readonly root: Root;
  readonly signer: CaKey;
  readonly privateKey: KeyObject;
  /** Holds ca-key.pem and root.pem, for contestants in other processes. */
  readonly folder: string;
}

const HOUR_MS = 3_600_000;

/** Makes a CA whose key lies below `parent`, which only this user may read. */
export async function makeAuthority(algorithm: KeyAlgorithm, parent: string): Promise<BenchAuthority> {
  const signer = await generateCaKey(algorithm);
  const now = Date.now();
  const root = await createRoot({
    subject: { commonName: "Bench CA", organization: "Example Corp" },
    generation: 1,
    notBefore: new Date(now - HOUR_MS),
    notAfter: new Date(now + 365 * 24 * HOUR_MS),
    signer,
  });
  const folder = path.join(parent, algorithm);
  await mkdir(folder, { mode: 0o700 });
  const keyPem = exportUnencryptedPrivateKey(signer);
  await writeFile(path.join(folder, "ca-key.pem"), keyPem, { mode: 0o600 });
  await writeFile(path.join(folder, "root.pem"), root.pem);
  return { algorithm, root, signer, privateKey: createPrivateKey(keyPem), folder };
}

/** The same, in another process. */
export async function readAuthority(folder: string): Promise<BenchAuthority> {
  const keyPem = await readFile(path.join(folder, "ca-key.pem"), "utf8");
  const root = readRoot(await readFile(path.join(folder, "root.pem"), "utf8"));
  return { algorithm: root.algorithm, root, signer: importCaKey(keyPem), privateKey: createPrivateKey(keyPem), folder };
}
