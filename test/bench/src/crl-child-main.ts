// Makes one CRL in a process of its own, so that its time and its memory are nobody else's. One JSON line on stdout.
// Usage: crl-child-main.ts ca-core|peculiar FOLDER COUNT
import { readFileSync } from "node:fs";
import path from "node:path";
import { encodeCrl, importCaKey, nextCrlNumber, parseSerial, readRoot, type CrlEntry } from "@capstan/ca-core";
import { newSerial } from "./new-serial.ts";
import { peakMemoryBytes } from "./peak-memory.ts";

const [maker, folder = "", count = ""] = process.argv.slice(2);
const DAY_MS = 86_400_000;
const thisUpdate = new Date(Math.floor(Date.now() / 1000) * 1000);
const nextUpdate = new Date(thisUpdate.getTime() + 30 * DAY_MS);
const revokedAt = new Date(thisUpdate.getTime() - 3_600_000);
const keyPem = readFileSync(path.join(folder, "ca-key.pem"), "utf8");
const rootPem = readFileSync(path.join(folder, "root.pem"), "utf8");

function newEntry(): CrlEntry {
  return { serial: parseSerial(newSerial()), revokedAt, reason: "keyCompromise" };
}

/** Prepares everything, and returns what the clock is to see: it gives the CRL's length in bytes. */
async function prepare(): Promise<() => Promise<number>> {
  const length = Number(count);
  if (maker === "peculiar") {
    const serials = Array.from({ length }, newSerial);
    const { peculiarCrl } = await import("./peculiar-crl.ts");
    return await peculiarCrl({ keyPem, rootPem, serials, revokedAt, thisUpdate, nextUpdate });
  }
  const plan = {
    root: readRoot(rootPem),
    signer: importCaKey(keyPem),
    number: nextCrlNumber({ now: thisUpdate }),
    thisUpdate,
    nextUpdate,
    entries: Array.from({ length }, newEntry),
  };
  return async () => (await encodeCrl(plan)).der.length;
}

const make = await prepare();
const begun = performance.now();
const crlBytes = await make();
const elapsedMs = performance.now() - begun;
console.log(JSON.stringify({ elapsedMs, peakBytes: peakMemoryBytes(), crlBytes }));
