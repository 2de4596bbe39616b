import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const module = "github.com/cert-manager/trust-manager@v0.25.0";

/** File with the CRD of trust-manager's Bundle, of its release. */
export async function trustManagerCrd(): Promise<string> {
  const { stdout } = await run("go", ["mod", "download", "-json", module], { env: { ...process.env, GOFLAGS: "" } });
  const { Dir = "" } = JSON.parse(stdout) as { readonly Dir?: string };
  return path.join(Dir, "deploy/crds/trust.cert-manager.io_bundles.yaml");
}
