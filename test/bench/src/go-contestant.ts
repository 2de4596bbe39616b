import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import type { BenchAuthority } from "./bench-authority.ts";
import type { Contestant } from "./contestant.ts";
import { numberIn } from "./go-program.ts";
import type { BenchRequest } from "./requests.ts";

/**
 * Go's crypto/x509 on the same requests, in its own process, which waits while others have their turn. One leaf in flight
 * is one goroutine; more are two, since more than two cores would be no fair match.
 */
export async function go(
  program: string,
  authority: BenchAuthority,
  requests: readonly BenchRequest[],
): Promise<Contestant> {
  await writeFile(path.join(authority.folder, "requests.pem"), requests.map(({ pem }) => pem).join(""));
  const child = spawn(program, ["leaves", authority.folder], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "close");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let last: Uint8Array | undefined;
  return {
    name: "go",
    takeTurn: async (turnMs, inFlight) => {
      child.stdin.write(`${turnMs} ${inFlight === 1 ? 1 : 2}\n`);
      const line = await lines.next();
      if (line.done === true) throw new Error("the Go side ended before its turn was over");
      const answer: unknown = JSON.parse(line.value);
      last = Buffer.from(String((answer as { readonly certificate?: unknown }).certificate), "base64");
      return { leaves: numberIn(answer, "leaves"), elapsedMs: numberIn(answer, "elapsedMs") };
    },
    lastCertificate: () => last,
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
