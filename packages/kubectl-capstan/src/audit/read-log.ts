import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { AuditReader, type AuditReading } from "@capstan/kube";
import { PluginError } from "../exit-code.ts";

/**
 * Reads exported audit logs in the order given, as one: a chain may go on in the next file. Files that end with .gz are
 * unpacked. What is held grows with the number of signatures, not with the log.
 *
 * @throws {PluginError} for a file that cannot be read
 */
export async function readLog(files: readonly string[]): Promise<AuditReading> {
  const reader = new AuditReader();
  for (const file of files) await readFileInto(reader, file);
  return reader.finish();
}

async function readFileInto(reader: AuditReader, file: string): Promise<void> {
  const source = createReadStream(file);
  const input: Readable = file.endsWith(".gz") ? source.pipe(createGunzip()) : source;
  // pipe passes no errors on.
  const broken = new Promise<never>((_, reject) => {
    source.once("error", reject);
    input.once("error", reject);
  });
  const lines = async (): Promise<void> => {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) reader.read(line);
  };
  try {
    await Promise.race([lines(), broken]);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new PluginError(`--log: ${file} cannot be read (${code ?? "unknown"})`, { cause });
  } finally {
    source.destroy();
  }
}
