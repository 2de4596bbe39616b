import { randomBytes, X509Certificate, createPrivateKey, type KeyObject } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { PluginError } from "../exit-code.ts";

/** The files of one certificate, absolute; without a key of our own there is no key file. */
export interface LeafPaths {
  readonly certificate: string;
  readonly privateKey: string | undefined;
}

export function leafPaths(file: string, hasOwnKey: boolean): LeafPaths {
  const absolute = path.resolve(file);
  return { certificate: `${absolute}.crt`, privateKey: hasOwnKey ? `${absolute}.key` : undefined };
}

/** What lies in the files now. */
export type Existing =
  | { readonly is: "absent" }
  /** A certificate, and the key that belongs to it where one is kept. */
  | { readonly is: "pair"; readonly certificate: X509Certificate }
  /** Something else; `file` is the one in the way. */
  | { readonly is: "other"; readonly file: string; readonly because: string };

export async function readExisting({ certificate, privateKey }: LeafPaths): Promise<Existing> {
  const [crt, key] = await Promise.all([
    readIfThere(certificate),
    privateKey === undefined ? undefined : readIfThere(privateKey),
  ]);
  if (crt === undefined) {
    if (key === undefined) return { is: "absent" };
    return { is: "other", file: privateKey ?? "", because: "a key without its certificate" };
  }
  const parsed = parseCertificate(crt);
  if (parsed === undefined) return { is: "other", file: certificate, because: "no certificate" };
  if (privateKey === undefined) return { is: "pair", certificate: parsed };
  if (key === undefined) return { is: "other", file: certificate, because: "a certificate without its key" };
  return isKeyOf(key, parsed)
    ? { is: "pair", certificate: parsed }
    : { is: "other", file: privateKey, because: "not the key of the certificate beside it" };
}

/**
 * Writes a file in one step: readers find the old or the new content, never a part. Only its owner may read it.
 *
 * @throws {PluginError} when it cannot be written; what was there is left as it was
 */
export async function writeAtomically(file: string, content: string): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw unusable(file, cause);
  }
}

/** Fails now rather than after a certificate was issued for a key that then is lost. */
export async function checkWritable({ certificate }: LeafPaths): Promise<void> {
  const probe = `${certificate}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await (await open(probe, "wx", 0o600)).close();
  } catch (cause) {
    throw unusable(certificate, cause);
  } finally {
    await rm(probe, { force: true });
  }
}

/** PKCS#8, which AWS's helper and OpenSSL read. */
export function encodePrivateKey(key: KeyObject): string {
  return key.export({ format: "pem", type: "pkcs8" }) as string;
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new PluginError(`${file} cannot be read: ${codeOf(cause)}`, { cause });
  }
}

function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function isKeyOf(pem: string, certificate: X509Certificate): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(pem));
  } catch {
    return false;
  }
}

function unusable(file: string, cause: unknown): PluginError {
  return new PluginError(`${file} cannot be written: ${codeOf(cause)}`, { cause });
}

/** The code alone: a message may hold what was to be written. */
function codeOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" ? code : "unknown failure";
}
