import { randomBytes, X509Certificate, createPrivateKey, type KeyObject } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
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

/** What a file is to hold. */
export interface FileContent {
  readonly file: string;
  readonly content: string;
}

/**
 * Writes files that belong together: readers find the old or the new content of each, never a part. Only their owner may
 * read them.
 *
 * In one turn of the event loop, since signals are heard between two turns: no interruption leaves a key without its
 * certificate, or a copy of it under another name.
 *
 * @throws {PluginError} when one cannot be written; what was there is left as it was
 */
export function writeTogether(contents: readonly FileContent[]): void {
  const written: { readonly temporary: string; readonly file: string }[] = [];
  for (const { file, content } of contents) {
    const temporary = temporaryBeside(file);
    written.push({ temporary, file });
    try {
      const descriptor = openSync(temporary, "wx", ownerOnly);
      try {
        writeFileSync(descriptor, content);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
    } catch (cause) {
      for (const { temporary } of written) rmSync(temporary, { force: true });
      throw unusable(file, cause);
    }
  }
  // All are on the disk: between the first renaming and the last nothing is waited for.
  for (const [index, { temporary, file }] of written.entries()) {
    try {
      renameSync(temporary, file);
    } catch (cause) {
      for (const { temporary } of written.slice(index)) rmSync(temporary, { force: true });
      throw unusable(file, cause);
    }
  }
}

/** Fails now rather than after a certificate was issued for a key that then is lost. */
export function checkWritable({ certificate }: LeafPaths): void {
  const probe = temporaryBeside(certificate);
  try {
    closeSync(openSync(probe, "wx", ownerOnly));
  } catch (cause) {
    throw unusable(certificate, cause);
  } finally {
    rmSync(probe, { force: true });
  }
}

const ownerOnly = 0o600;

function temporaryBeside(file: string): string {
  return `${file}.${randomBytes(6).toString("hex")}.tmp`;
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
