// Builds what is missing of the control plane, so that a first test run need not:
//   node --conditions=@capstan/source test/cluster/src/install-tools-main.ts
import { formatElapsed } from "./elapsed.ts";
import { ClusterError } from "./errors.ts";
import { installTools } from "./install-tools.ts";

const started = performance.now();
const say = (line: string): void => {
  process.stderr.write(`[${formatElapsed(performance.now() - started)}] ${line}\n`);
};

try {
  const tools = await installTools({ log: say });
  process.stdout.write(`${JSON.stringify(tools, undefined, 2)}\n`);
} catch (error) {
  if (!(error instanceof ClusterError)) throw error;
  say(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
