// One contestant in a process of its own: see child-contestant.ts.
// Usage: leaves-child-main.ts ca-core|floor|floor-without-own-verify|peculiar FOLDER
import { createInterface } from "node:readline";
import { readAuthority } from "./bench-authority.ts";
import { caCore } from "./ca-core-contestant.ts";
import type { Contestant } from "./contestant.ts";
import { floors } from "./floor-contestants.ts";
import { readRequests } from "./request-file.ts";

const [name = "", folder = ""] = process.argv.slice(2);

async function contestant(): Promise<Contestant> {
  const authority = await readAuthority(folder);
  const requests = await readRequests(folder);
  if (name === "peculiar") return (await import("./peculiar-contestant.ts")).peculiar(authority, requests);
  const found = [caCore(authority, requests), ...floors(authority, requests)].find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no contestant ${name}`);
  return found;
}

const { takeTurn, lastCertificate } = await contestant();
for await (const line of createInterface({ input: process.stdin })) {
  const [turnMs = 0, inFlight = 1] = line.split(" ").map(Number);
  const turn = await takeTurn(turnMs, inFlight);
  console.log(JSON.stringify({ ...turn, certificate: Buffer.from(lastCertificate() ?? []).toString("base64") }));
}
