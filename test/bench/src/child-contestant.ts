import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { BenchAuthority } from "./bench-authority.ts";
import type { Contestant, ContestantName } from "./contestant.ts";
import { numberIn } from "./go-program.ts";

const IS_SOURCE = import.meta.url.endsWith(".ts");

/** Programs of this folder as they are now: sources with Node's type stripping, or what was built of them. */
export function benchProgram(name: string): [program: string, ...args: string[]] {
  const file = fileURLToPath(new URL(`${name}.${IS_SOURCE ? "ts" : "js"}`, import.meta.url));
  return [process.execPath, ...(IS_SOURCE ? ["--conditions=@capstan/source"] : []), file];
}

/** One that is written in TypeScript, in a process of its own: what others load and leave behind is not its burden. */
export function nodeContestant(name: Exclude<ContestantName, "go">, { folder }: BenchAuthority): Contestant {
  return childContestant(name, [...benchProgram("leaves-child-main"), name, folder], (inFlight) => inFlight);
}

/** Go's crypto/x509. One leaf in flight is one goroutine; more are two, since more than two cores would be no fair match. */
export function goContestant(program: string, { folder }: BenchAuthority): Contestant {
  return childContestant("go", [program, "leaves", folder], (inFlight) => (inFlight === 1 ? 1 : 2));
}

/**
 * A process that waits while others have their turn. It is told `<milliseconds> <in flight>` on a line of its own, and
 * answers with one line of JSON: leaves, elapsedMs, and the last certificate in base64, "" for none.
 */
function childContestant(
  name: ContestantName,
  [program, ...args]: readonly [string, ...string[]],
  flightsOf: (inFlight: number) => number,
): Contestant {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "close");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let last: Uint8Array | undefined;
  return {
    name,
    takeTurn: async (turnMs, inFlight) => {
      child.stdin.write(`${turnMs} ${flightsOf(inFlight)}\n`);
      const line = await lines.next();
      if (line.done === true) throw new Error(`${name} ended before its turn was over`);
      const answer: unknown = JSON.parse(line.value);
      const certificate = Buffer.from(String((answer as { readonly certificate?: unknown }).certificate), "base64");
      last = certificate.length === 0 ? undefined : certificate;
      return { leaves: numberIn(answer, "leaves"), elapsedMs: numberIn(answer, "elapsedMs") };
    },
    lastCertificate: () => last,
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
