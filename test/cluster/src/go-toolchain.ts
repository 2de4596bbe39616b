import { runCommand } from "./command.ts";
import { parseVersion } from "./envtest-assets.ts";
import { ClusterError } from "./errors.ts";

/** The Go version that a go.mod demands, as `1.26.0`. */
export function demandedGoVersion(goMod: string): string {
  const version = /^go (\d+\.\d+(?:\.\d+)?)$/m.exec(goMod)?.[1];
  if (version === undefined) throw new Error("go.mod has no go line");
  return version;
}

/** Whether the output of `go env GOVERSION`, as `go1.26.8`, is at least the demanded version by major and minor. */
export function isGoNewEnough(goVersion: string, demanded: string): boolean {
  const found = parseVersion(goVersion);
  const wanted = parseVersion(demanded);
  if (found === undefined || wanted === undefined) return false;
  return found[0] > wanted[0] || (found[0] === wanted[0] && found[1] >= wanted[1]);
}

/** The environment of a build: the user's own proxy and cache settings, and nothing that would change the result. */
export function goEnvironment(environment: NodeJS.ProcessEnv, cgo: boolean): NodeJS.ProcessEnv {
  return { ...environment, CGO_ENABLED: cgo ? "1" : "0", GOFLAGS: "", GOTOOLCHAIN: "local", GOWORK: "off" };
}

/**
 * Checks that Go is there and new enough, and gcc if it is needed.
 *
 * @throws ClusterError ERR_HOST_PROGRAM_MISSING, ERR_GO_TOO_OLD
 */
export async function checkToolchain(options: {
  readonly demandedGo: string;
  readonly needsC: boolean;
  readonly environment: NodeJS.ProcessEnv;
}): Promise<void> {
  const environment = goEnvironment(options.environment, false);
  const go = await runCommand("go", ["env", "GOVERSION"], { environment });
  if (!isGoNewEnough(go.stdout, options.demandedGo)) {
    const found = go.stdout.trim() || go.stderr.trim();
    throw new ClusterError("ERR_GO_TOO_OLD", `Go ${options.demandedGo} or newer is needed; \`go\` is ${found}`);
  }
  if (options.needsC) await runCommand("gcc", ["--version"], { environment });
}

/** The error for a failed `go build`, from what it wrote. */
export function buildFailure(tool: string, stderr: string): ClusterError {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("go: downloading "));
  const download = lines.find((line) =>
    /: (reading|Get|verifying module|unrecognized import path)|dial tcp/.test(line),
  );
  if (download !== undefined) {
    return new ClusterError(
      "ERR_MODULE_UNAVAILABLE",
      `${tool} was not built, since Go could not download a module (check the network, and GOPROXY): ${download.trim()}`,
    );
  }
  return new ClusterError("ERR_BUILD_FAILED", `${tool} was not built:\n${lines.slice(-20).join("\n")}`);
}
