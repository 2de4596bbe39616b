import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

function run(...args: readonly string[]): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  const node = ["--conditions=@capstan/source", main, ...args];
  return spawnSync(process.execPath, node, {
    encoding: "utf8",
    env: { PATH: process.env["PATH"], HOME: "/nonexistent" },
  });
}

test("help-names-every-setting-and-ends-with-0", () => {
  const { status, stdout } = run("--help");
  expect(stdout).toMatchInlineSnapshot(`
    "capstan-issuer-controller

      --kubeconfig
          Kubeconfig file. In a pod: the pod's service account, unless this is given. (environment KUBECONFIG)
      --namespace
          Namespace of keys, ledger, marks, lists and leases. (environment POD_NAMESPACE, default capstan-system)
      --health-address
          Where /healthz, /readyz and /metrics are served, as host:port. (default :8081)
      --log-level
          debug, info, warn or error. (default info)
      --leader-elect-lease-duration
          How long the other replicas wait, after they last saw the lease renewed, before they take over, as a Go duration. Over --leader-elect-renew-deadline. (default 30s)
      --leader-elect-renew-deadline
          How long after its last renewal of the lease a replica stops leading, as a Go duration. Over 1.2 times --leader-elect-retry-period. (default 20s)
      --leader-elect-retry-period
          Time between two tries to take or renew the lease, as a Go duration. (default 5s)
      --audit-log
          File to which a line is appended and synced to disk before and after each signature. Left out: standard output, where nothing else is written; how long it lasts is then up to whoever collects it.
      --workers
          Requests in work at once, of each kind. (default 16)
      --retry-limit
          How long signing for a request is tried while its issuer is Ready, as a Go duration; then it fails, and cert-manager asks anew after an hour or more. 0 tries for ever. (default 10m)
      --ledger-retention
          How long the record of a leaf is kept after the leaf has expired, as a Go duration. Audit logs can be compared with the ledger for as long. (default 24h)
      --ledger-limit
          Records that the ledger takes at most. Beyond it expired ones go before their time; when none is left, requests wait. (default 100000)
      --approver
          Service account of what approves requests, as namespace/name: events about unapproved requests say which rule it lacks. (default cert-manager/cert-manager)
    "
  `);
  expect(status).toBe(0);
});

test("faulty-settings-end-with-2-and-every-fault-named", () => {
  const { status, stdout, stderr } = run("--nope=1", "--log-level=loud");
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr.split("\n")).toEqual([
    "--nope: unknown flag; known are --kubeconfig, --namespace, --health-address, --log-level, --leader-elect-lease-duration, --leader-elect-renew-deadline, --leader-elect-retry-period, --audit-log, --workers, --retry-limit, --ledger-retention, --ledger-limit, --approver",
    '--log-level: "loud" is none of debug, info, warn, error',
    "",
  ]);
});

test("without-a-cluster-it-ends-with-1-and-says-so", () => {
  const { status, stderr } = run("--kubeconfig=/nonexistent/config");
  expect(status).toBe(1);
  expect(stderr).toContain("/nonexistent/config");
});
