import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { buildGoProgram, type ManagedProcess } from "@capstan/test-cluster";
import { applyIssuerLib, type BenchCluster, builtProgram, type ProgramStart, repository } from "./bench-cluster.ts";

export interface IssuerRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

/** One way to answer CertificateRequests, measured against the others. */
export interface IssuerContestant {
  readonly name: string;
  readonly issuerRef: IssuerRef;
  /** As the API server's audit log names it. */
  readonly user: string;
  /** Resolves when it is ready. */
  readonly start: () => Promise<ManagedProcess>;
}

const capstanAccount = { namespace: "capstan-system", name: "issuer-controller" };
const certManagerAccount = { namespace: "cert-manager", name: "cert-manager" };
const issuerLibAccount = { namespace: "cert-manager", name: "issuer-lib" };

/** What cert-manager's controller can do at most. The two other flags do nothing on an API server with priority and fairness. */
export const raisedFlags: readonly string[] = [
  "--kube-api-qps=10000",
  "--kube-api-burst=10000",
  "--concurrent-workers=50",
];

/** Without a limit V8 takes what the machine has before it collects. A pod's limit does the same (README, Memory). */
const heapOptions: readonly string[] = ["--max-old-space-size=112", "--max-semi-space-size=8"];

export function capstan({ start, cluster }: BenchCluster, profile?: string): IssuerContestant {
  const profileOptions = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  const nodeOptions = [...heapOptions, ...profileOptions];
  // To a file, with a sync for each line: the slower of its two ways.
  const flags = [`--audit-log=${path.join(cluster.directory, "issuer-audit.log")}`];
  return {
    name: "capstan",
    issuerRef: { group: "capstan.dev", kind: "CapstanClusterIssuer", name: "bench" },
    user: userOf(capstanAccount),
    start: () =>
      start({
        name: "issuer-controller",
        account: capstanAccount,
        ...builtProgram("issuer-controller", nodeOptions, flags),
      }),
  };
}

export function certManager(bench: BenchCluster, name: string, flags: readonly string[]): IssuerContestant {
  return {
    name,
    issuerRef: { group: "cert-manager.io", kind: "ClusterIssuer", name: "bench" },
    user: userOf(certManagerAccount),
    start: () => startCertManager(bench, flags),
  };
}

/** cert-manager's controller: its CA issuer, and what makes requests of Certificates and approves them. */
export async function startCertManager(
  { start, cluster }: BenchCluster,
  flags: readonly string[],
): Promise<ManagedProcess> {
  return await start({
    name: "cert-manager-controller",
    account: certManagerAccount,
    program: cluster.tools.certManager,
    args: ({ kubeconfig, port }) => [
      "controller",
      `--kubeconfig=${kubeconfig}`,
      "-v=2",
      "--cluster-resource-namespace=cert-manager",
      `--healthz-listen-address=127.0.0.1:${port}`,
      "--metrics-listen-address=127.0.0.1:0",
      ...flags,
    ],
    ready: (port) => `http://127.0.0.1:${port}/livez`,
  });
}

/** The smallest issuer that issuer-lib makes, with as many workers as ours has. */
export async function issuerLib(bench: BenchCluster, log: (line: string) => void): Promise<IssuerContestant> {
  const directory = path.join(repository, "test/cluster/go/issuer-lib");
  const program = await buildGoProgram({ directory, name: "issuer-lib" }, { log });
  await applyIssuerLib(bench.cluster, path.join(await moduleFolder(directory), "internal/testapi/crds"));
  const start: ProgramStart = {
    name: "issuer-lib",
    account: issuerLibAccount,
    program,
    args: ({ kubeconfig, port }) => [
      `--kubeconfig=${kubeconfig}`,
      `--certificate=${path.join(bench.caFolder, "root.pem")}`,
      `--key=${path.join(bench.caFolder, "ca-key.pem")}`,
      "--workers=16",
      `--health-address=127.0.0.1:${port}`,
    ],
    ready: (port) => `http://127.0.0.1:${port}/readyz`,
  };
  return {
    name: "issuer-lib",
    issuerRef: { group: "testing.cert-manager.io", kind: "TestClusterIssuer", name: "bench" },
    user: userOf(issuerLibAccount),
    start: () => bench.start(start),
  };
}

async function moduleFolder(directory: string): Promise<string> {
  const args = ["list", "-m", "-f", "{{.Dir}}", "github.com/cert-manager/issuer-lib"];
  const { stdout } = await promisify(execFile)("go", args, { cwd: directory, env: { ...process.env, GOWORK: "off" } });
  return stdout.trim();
}

function userOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `system:serviceaccount:${namespace}:${name}`;
}
