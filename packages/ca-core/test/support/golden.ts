import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  createRoot,
  exportUnencryptedPrivateKey,
  generateCaKey,
  importCaKey,
  readRoot,
  type CreateRootOptions,
  type KeyAlgorithm,
  type ProfileName,
} from "../../src/index.ts";
import { encodingOf, readDer } from "../../src/der/read.ts";
import { DAY, type Authority } from "./authority.ts";

/** CAPSTAN_GOLDEN=write writes golden files anew: look at the difference with `openssl asn1parse -inform DER`. */
const writes = process.env["CAPSTAN_GOLDEN"] === "write";
const folder = fileURLToPath(new URL("../golden/", import.meta.url));

/** Reads a golden file; where golden files are written, it is `bytes` first. */
export function golden(name: string, bytes: Uint8Array): Uint8Array {
  if (writes) write(name, bytes);
  return Uint8Array.from(readFileSync(`${folder}${name}`));
}

/** What is made once and never again: keys, and signatures that are random. */
export function goldenInput(name: string, make: () => string | Uint8Array): Uint8Array {
  if (writes && !existsSync(`${folder}${name}`)) write(name, make());
  return Uint8Array.from(readFileSync(`${folder}${name}`));
}

function write(name: string, bytes: string | Uint8Array): void {
  const path = `${folder}${name}`;
  mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  writeFileSync(path, bytes);
}

export const GOLDEN_NOW: Date = new Date("2026-11-22T03:00:00Z");

/** Not random: the same octets every time. */
export function fixedRandom(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (0x4f + 37 * i) & 0xff);
}

export interface GoldenRoot {
  readonly name: string;
  readonly algorithm: KeyAlgorithm;
  readonly profile: ProfileName;
  readonly changes?: Partial<CreateRootOptions>;
}

/** A root of a fixed key, made now; and as it was made when its golden file was. */
export async function goldenAuthority({ name, algorithm, profile, changes = {} }: GoldenRoot): Promise<{
  readonly made: Authority;
  readonly kept: Authority;
}> {
  const newKey = writes ? await generateCaKey(algorithm) : undefined;
  const pem = goldenInput(`root/${algorithm}.key.pem`, () =>
    newKey === undefined ? "" : exportUnencryptedPrivateKey(newKey),
  );
  const signer = importCaKey(pem);
  const root = await createRoot({
    subject: { commonName: "Golden CA", organization: "Example Corp" },
    generation: 7,
    notBefore: new Date(GOLDEN_NOW.getTime() - DAY),
    notAfter: new Date(GOLDEN_NOW.getTime() + 365 * DAY),
    signer,
    profile,
    random: fixedRandom,
    ...changes,
  });
  const kept = readRoot(
    goldenInput(`root/${name}.${algorithm}.cert.der`, () => root.der),
    { profile },
  );
  return { made: { root, signer }, kept: { root: kept, signer } };
}

/** The whole certificate where its signature is always the same (RSA), else what was signed. */
export function comparable(certificate: Uint8Array, algorithm: KeyAlgorithm): Uint8Array {
  if (algorithm.startsWith("RSA")) return certificate;
  const tbs = readDer(certificate).children[0];
  return tbs === undefined ? certificate : Uint8Array.from(encodingOf(tbs));
}
