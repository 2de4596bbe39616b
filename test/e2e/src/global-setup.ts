import { installTool, installTools } from "@capstan/test-cluster";
import { buildOnce } from "./built-once.ts";

/**
 * Builds the control plane before the first suite: the first time it takes minutes, which no suite's time limit allows for.
 * Then the programs and the plugin, once for the run: some seconds, which each start of one of them gives back.
 *
 * @returns what is to be done when the last suite has ended
 */
export async function setup(): Promise<() => Promise<void>> {
  const log = (line: string): void => void process.stderr.write(`${line}\n`);
  await installTools({ log });
  await installTool("approver-policy", { log });
  return buildOnce();
}
