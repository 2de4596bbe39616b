import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Environment } from "../src/environment.ts";
import { untilAllowed } from "../src/rights.ts";
import { type AwsCredentials, callerIdentity, startDemo, trustAnchorArn } from "../src/workload.ts";

// A build agent outside the cluster: a service account that may ask for certificates in its namespace, and nothing else.

const agent = `
apiVersion: v1
kind: ServiceAccount
metadata: { name: runner, namespace: demo }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: ask-for-certificates, namespace: demo }
rules:
  - apiGroups: [cert-manager.io]
    resources: [certificaterequests]
    verbs: [create, get]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: runner-asks-for-certificates, namespace: demo }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: ask-for-certificates }
subjects: [{ kind: ServiceAccount, name: runner, namespace: demo }]
`;

let environment: Environment;
let kubeconfig: string;
let folder: string;

beforeAll(async () => {
  environment = await startDemo();
  const applied = await environment.cluster.kubectl(["apply", "-f", "-"], { stdin: agent });
  expect(applied.stderr).toBe("");
  kubeconfig = await environment.cluster.serviceAccountKubeconfig({ namespace: "demo", name: "runner" });
  await untilAllowed(environment.cluster, ["create", "certificaterequests.cert-manager.io", "-n", "demo"], {
    kubeconfig,
  });
  folder = await mkdtemp(path.join(tmpdir(), "capstan-issue-"));
});

afterAll(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true });
  await environment?.stop();
});

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program as the agent runs it: its own kubeconfig, nothing of ours. */
function asAgent(command: string, args: readonly string[]): Promise<Ended> {
  const env = {
    PATH: `${environment.bin}${path.delimiter}${process.env["PATH"] ?? ""}`,
    HOME: folder,
    KUBECONFIG: kubeconfig,
  };
  return new Promise((resolve) => {
    execFile(command, [...args], { env, cwd: folder }, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
  });
}

async function issue(file: string, ...flags: readonly string[]): Promise<Ended> {
  const { emulator } = environment;
  return asAgent("kubectl", [
    "capstan",
    "issue",
    file,
    "--namespace=demo",
    "--cluster-issuer=fleet",
    `--trust-anchor-arn=${await trustAnchorArn(environment)}`,
    `--profile-arn=${emulator.profileArn("demo")}`,
    `--role-arn=${emulator.roleArn("demo-web")}`,
    ...flags,
  ]);
}

/** Runs the printed credential_process line as an SDK does: split at spaces, the emulator as its endpoint. */
async function credentialsBy(stdout: string): Promise<AwsCredentials> {
  const line = /^credential_process = (.+)$/m.exec(stdout)?.[1];
  if (line === undefined) throw new Error(`no credential_process in ${JSON.stringify(stdout)}`);
  const [command = "", ...args] = line.split(" ");
  const ended = await asAgent(command, [...args, "--endpoint", environment.emulator.endpoint]);
  if (ended.exitCode !== 0) throw new Error(ended.stderr);
  return JSON.parse(ended.stdout) as AwsCredentials;
}

describe("kubectl capstan issue", () => {
  test("gives-an-agent-files-and-the-line-by-which-awss-helper-gets-credentials", async () => {
    const ended = await issue("./web", "--common-name=web.demo", "--duration=24h", "--profile-name=ci");
    expect(ended.exitCode, ended.stderr).toBe(0);
    expect(ended.stdout).toMatch(/^\[profile ci\]\nregion = eu-central-1\ncredential_process = aws_signing_helper /);
    expect((await stat(path.join(folder, "web.key"))).mode & 0o777).toBe(0o600);
    const credentials = await credentialsBy(ended.stdout);
    expect(await callerIdentity(environment, credentials)).toMatch(/:assumed-role\/demo-web\//);
  });

  test("run-again-by-cron-does-nothing-until-it-is-due-and-then-renews-with-a-new-key", async () => {
    const key = await readFile(path.join(folder, "web.key"), "utf8");
    const fresh = await issue("./web", "--common-name=web.demo", "--duration=24h", "--renew-before=8h");
    expect({ code: fresh.exitCode, err: fresh.stderr }).toMatchObject({
      code: 0,
      err: expect.stringMatching(/web\.crt is fresh: valid for another 23h\n$/),
    });
    expect(await readFile(path.join(folder, "web.key"), "utf8")).toBe(key);
    const renewed = await issue("./web", "--common-name=web.demo", "--duration=24h", "--renew-before=25h");
    expect(renewed.exitCode, renewed.stderr).toBe(0);
    expect(await readFile(path.join(folder, "web.key"), "utf8")).not.toBe(key);
    await credentialsBy(renewed.stdout);
  });

  test("takes-a-request-whose-key-is-elsewhere", async () => {
    const csr = path.join(folder, "rsa.csr");
    await asAgent("openssl", [
      ..."req -new -newkey rsa:2048 -nodes -keyout rsa.other -subj /CN=web.demo -out".split(" "),
      csr,
    ]);
    const ended = await issue("./rsa", `--csr=${csr}`, `--private-key=${path.join(folder, "rsa.other")}`);
    expect(ended.exitCode, ended.stderr).toBe(0);
    await credentialsBy(ended.stdout);
    await expect(stat(path.join(folder, "rsa.key"))).rejects.toThrow("ENOENT");
  });

  test("tells-the-agent-which-rule-refuses-another-namespaces-name-and-leaves-no-file", async () => {
    const ended = await issue("./other", "--common-name=web.shop", "--timeout=90s");
    expect(ended.exitCode).toBe(1);
    expect(ended.stderr).toContain("web.shop");
    await expect(stat(path.join(folder, "other.key"))).rejects.toThrow("ENOENT");
  });

  test("names-the-right-that-is-missing-in-another-namespace", async () => {
    const ended = await asAgent(
      "kubectl",
      "capstan issue ./x -n default --cluster-issuer fleet --common-name x.default".split(" "),
    );
    expect(ended.exitCode).toBe(1);
    expect(ended.stderr).toContain("Missing right: create certificaterequests.cert-manager.io in namespace default.");
  });
});
