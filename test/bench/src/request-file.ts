import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { BenchRequest } from "./requests.ts";

/** For contestants in other processes: requests.pem, and requests.json with what was taken apart, in base64. */
export async function writeRequests(folder: string, requests: readonly BenchRequest[]): Promise<void> {
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
  const rows = requests.map(({ pem, info, spki, signature }) => [pem, base64(info), base64(spki), base64(signature)]);
  await writeFile(path.join(folder, "requests.pem"), requests.map(({ pem }) => pem).join(""));
  await writeFile(path.join(folder, "requests.json"), JSON.stringify(rows));
}

export async function readRequests(folder: string): Promise<BenchRequest[]> {
  const rows = JSON.parse(await readFile(path.join(folder, "requests.json"), "utf8")) as readonly (readonly string[])[];
  const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "base64"));
  return rows.map(([pem = "", info = "", spki = "", signature = ""]) => ({
    pem,
    info: bytes(info),
    spki: bytes(spki),
    signature: bytes(signature),
  }));
}
