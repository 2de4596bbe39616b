import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildPlugin } from "../tools/bundle.ts";
import { collection, startApiServer } from "./api-server.ts";
import { record } from "./objects.ts";

// Far from every package.json of ours: users have the file alone.
let folder: string;
let plugin: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kubectl-capstan-bundle-"));
  plugin = join(folder, "kubectl-capstan");
  await buildPlugin(plugin);
}, 120_000);

afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function start(
  argv: readonly string[],
  kubeconfig = join(folder, "none"),
): Promise<{ code: number | null; out: string; err: string }> {
  const child: ChildProcess = spawn(process.execPath, [plugin, ...argv], {
    env: { PATH: process.env["PATH"], HOME: folder, KUBECONFIG: kubeconfig },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (child.stdout === null || child.stderr === null) throw new Error("no pipes");
  const [out, err, code] = await Promise.all([buffer(child.stdout), buffer(child.stderr), ended]);
  return { code, out: out.toString(), err: err.toString() };
}

test("is one executable file with a line that finds node", async () => {
  expect((await stat(plugin)).mode & 0o111).toBe(0o111);
  expect((await readFile(plugin, "utf8")).split("\n")[0]).toBe("#!/usr/bin/env node");
});

test("runs, talks to an API server, and ends by itself", async () => {
  await using server = await startApiServer({
    "GET /apis/capstan.dev/v1alpha1/namespaces/capstan-system/issuedcertificates": collection(record()),
  });
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(
    kubeconfig,
    JSON.stringify({
      "current-context": "test",
      contexts: [{ name: "test", context: { cluster: "test", user: "alice" } }],
      clusters: [{ name: "test", cluster: { server: server.url, "insecure-skip-tls-verify": true } }],
      users: [{ name: "alice", user: { token: "alice-token" } }],
    }),
  );
  expect(await start(["list", "-A", "-o", "name"], kubeconfig)).toEqual({
    code: 0,
    out: "issuedcertificate.capstan.dev/0a8f5c6e-1111-4222-8333-444455556666\n",
    err: "",
  });
  expect(server.requests.map(({ headers }) => [headers.authorization, headers["user-agent"]])).toEqual([
    ["Bearer alice-token", "kubectl-capstan/0.1.0"],
  ]);
});

test("evaluates conditions in CEL, whose worker it carries", async () => {
  const write = async (name: string, object: unknown): Promise<string> => {
    await writeFile(join(folder, name), JSON.stringify(object));
    return join(folder, name);
  };
  const apiVersion = "capstan.dev/v1alpha1";
  const certificate = await write("certificate.json", {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name: "web", namespace: "demo" },
    spec: {
      commonName: "web.demo",
      duration: "24h",
      privateKey: { algorithm: "ECDSA" },
      issuerRef: { group: "capstan.dev", kind: "CapstanClusterIssuer", name: "fleet" },
    },
  });
  const authority = await write("authority.json", {
    apiVersion,
    kind: "CertificateAuthority",
    metadata: { name: "fleet" },
    spec: { subject: { commonName: "Fleet" }, issuance: { namespaces: {} } },
  });
  const check = async (expression: string) => {
    const issuer = await write("issuer.json", {
      apiVersion,
      kind: "CapstanClusterIssuer",
      metadata: { name: "fleet" },
      spec: {
        caRef: { name: "fleet" },
        policy: { commonName: { allow: ["*.{namespace}"] } },
        validations: [{ expression, message: "not this one" }],
      },
    });
    const files = ["--issuer-file", issuer, "--authority-file", authority, "--namespace-labels", "a=b"];
    const { code, out, err } = await start(["check", certificate, ...files, "-o", "json"]);
    const { checks } = JSON.parse(out) as { checks: { violations: { code: string }[] }[] };
    return { code, err, found: checks.flatMap(({ violations }) => violations.map((violation) => violation.code)) };
  };
  expect(await check("request.commonName.matches('^web[.]')")).toEqual({ code: 0, err: "", found: [] });
  expect(await check("request.duration <= duration('1h')")).toEqual({
    code: 1,
    err: "",
    found: ["ERR_POLICY_VALIDATION"],
  });
});

test("without a terminal nothing is revoked but with --yes", async () => {
  expect(await start(["revoke", "4f"])).toEqual({
    code: 2,
    out: "",
    err: 'error: a revocation cannot be undone and nobody can be asked here: add --yes\nSee "kubectl capstan revoke --help".\n',
  });
});

test("a kubeconfig that is not there ends with 1", async () => {
  expect(await start(["status"])).toEqual({
    code: 1,
    out: "",
    err: `error: kubeconfig ${join(folder, "none")} cannot be read\n`,
  });
});
