import { installTools } from "@capstan/test-cluster";

/** Builds the control plane before the first suite: the first time it takes minutes, which no suite's time limit allows for. */
export async function setup(): Promise<void> {
  await installTools({ log: (line) => void process.stderr.write(`${line}\n`) });
}
