import { installTool, installTools } from "@capstan/test-cluster";

/** Builds the control plane before the first suite: the first time it takes minutes, which no suite's time limit allows for. */
export async function setup(): Promise<void> {
  const log = (line: string): void => void process.stderr.write(`${line}\n`);
  await installTools({ log });
  await installTool("approver-policy", { log });
}
