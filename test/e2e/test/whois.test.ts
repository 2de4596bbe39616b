import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Environment } from "../src/environment.ts";
import { assumeRole, callerIdentity, capstan, type LeafFiles, mountSecret, startDemo } from "../src/workload.ts";

const run = promisify(execFile);

interface Workload {
  readonly name: string;
  readonly files: LeafFiles;
  readonly serial: string;
  /** `arn:aws:sts::…:assumed-role/ROLE/SERIAL`, as AWS names the session. */
  readonly sessionArn: string;
}

interface Subject {
  readonly verdict: string;
  readonly serial: string;
  readonly isImitated?: boolean;
  readonly evidence: readonly string[];
  readonly record?: {
    readonly namespace?: string;
    readonly owner?: { readonly name: string };
    readonly requester?: string;
  };
  readonly revoked?: { readonly published?: boolean };
  readonly sessions?: { readonly events: number; readonly refused: number };
}

let environment: Environment;
let workloads: readonly Workload[];

beforeAll(async () => {
  environment = await startDemo();
  workloads = await Promise.all(["one", "two", "three", "four"].map(issue));
});

afterAll(async () => {
  await environment?.stop();
});

/** A Certificate whose leaf AWS's own helper has got three sessions for. */
async function issue(name: string): Promise<Workload> {
  const manifest = `
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: { name: ${name}, namespace: demo, labels: { app: whois } }
spec:
  secretName: ${name}-tls
  commonName: web.demo
  duration: 24h
  privateKey: { algorithm: ECDSA, size: 256 }
  usages: [client auth, digital signature]
  issuerRef: { group: capstan.dev, kind: CapstanClusterIssuer, name: fleet }
`;
  const applied = await environment.cluster.kubectl(["apply", "-f", "-"], { stdin: manifest });
  expect(applied.stderr).toBe("");
  const files = await mountSecret(environment, "demo", `${name}-tls`);
  for (let session = 0; session < 2; session += 1) await assumeRole(environment, files);
  const sessionArn = await callerIdentity(environment, await assumeRole(environment, files));
  const { serialNumber } = new X509Certificate(await readFile(files.certificate));
  return { name, files, serial: serialNumber.toLowerCase().replace(/^(00)+/, ""), sessionArn };
}

/** CloudTrail's events in a file, as they lie in S3. */
async function trailFile(): Promise<string> {
  const file = path.join(environment.cluster.directory, "trail.json");
  await writeFile(file, JSON.stringify({ Records: environment.emulator.sessionEvents() }));
  return file;
}

async function whois(
  ...argv: readonly string[]
): Promise<{ readonly exitCode: number; readonly subjects: readonly Subject[] }> {
  const { stdout, stderr, exitCode } = await capstan(environment, ["whois", ...argv, "-o", "json"]);
  if (stdout === "") throw new Error(stderr);
  return { exitCode, subjects: (JSON.parse(stdout) as { readonly subjects: readonly Subject[] }).subjects };
}

test("a-session-in-cloudtrail-leads-to-its-workload-by-events-by-arn-and-by-serial-in-decimal", async () => {
  const { subjects } = await whois(await trailFile());
  const found = new Map(subjects.map((subject) => [subject.serial, subject]));
  for (const { name, serial, sessionArn } of workloads) {
    expect(found.get(serial)).toMatchObject({
      verdict: "Issued",
      record: { namespace: "demo", owner: { name }, requester: "system:serviceaccount:cert-manager:cert-manager" },
      sessions: { events: 3, refused: 0 },
    });
    for (const given of [sessionArn, BigInt(`0x${serial}`).toString()]) {
      expect(await whois(given)).toMatchObject({
        exitCode: 0,
        subjects: [{ verdict: "Issued", serial, record: { owner: { name } } }],
      });
    }
  }
  // The publisher's own sessions are nobody else's either.
  expect(subjects.every(({ verdict }) => verdict === "Issued")).toBe(true);
});

test("a-certificate-that-somebody-made-with-a-serial-of-ours-is-forged-and-aws-has-refused-it", async () => {
  const [victim] = workloads;
  if (victim === undefined) throw new Error("no workload");
  const folder = path.join(environment.cluster.directory, "forged");
  await mkdir(folder);
  const files = { certificate: path.join(folder, "tls.crt"), privateKey: path.join(folder, "tls.key") };
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", files.privateKey];
  const extensions = ["-addext", "keyUsage=critical,digitalSignature", "-addext", "basicConstraints=critical,CA:FALSE"];
  const subject = ["-subj", "/CN=web.demo", "-set_serial", `0x${victim.serial}`, "-days", "1"];
  await run("openssl", ["req", "-x509", ...key, ...subject, ...extensions, "-out", files.certificate]);
  await expect(assumeRole(environment, files)).rejects.toThrow("Untrusted signing certificate");
  const { exitCode, subjects } = await whois(await trailFile());
  expect(exitCode).toBe(1);
  expect(subjects.filter(({ serial }) => serial === victim.serial)).toMatchObject([
    { verdict: "Issued", sessions: { events: 3 } },
    { verdict: "Forged", isImitated: true, sessions: { events: 1, refused: 1 } },
  ]);
  expect(await whois(files.certificate)).toMatchObject({
    exitCode: 1,
    subjects: [{ verdict: "Forged", serial: victim.serial }],
  });
});

test("what-nobody-here-issued-is-said-so", async () => {
  expect(await whois("4f1c")).toMatchObject({ exitCode: 1, subjects: [{ verdict: "NeverIssued" }] });
  expect(await whois("0a".repeat(16))).toMatchObject({ exitCode: 1, subjects: [{ verdict: "Unknown" }] });
});

test("show-says-what-openssl-says-and-what-aws-and-the-trust-anchor-make-of-it", async () => {
  const [, workload] = workloads;
  if (workload === undefined) throw new Error("no workload");
  const { stdout, exitCode } = await capstan(environment, ["show", "certificate/two", "-n", "demo"]);
  expect(exitCode).toBe(0);
  const { stdout: text } = await run("openssl", [
    "x509",
    "-in",
    workload.files.certificate,
    "-noout",
    "-fingerprint",
    "-sha256",
  ]);
  expect(stdout).toContain(text.trim().replace(/^.*=/, "").replaceAll(":", "").toLowerCase());
  expect(stdout).toMatch(/Source identity: +CN=web\.demo\n/);
  expect(stdout).toMatch(/\nprod +accepts it +\d+ /);
});

test("audit-reports-every-certificate-and-log-and-ledger-of-the-running-controllers-agree", async () => {
  const { stdout, exitCode } = await capstan(environment, ["audit", "--since", "1h"]);
  expect(exitCode).toBe(0);
  for (const { serial } of workloads) expect(stdout).toContain(`,${serial},`);
  const logs = ["issuer-controller.log", "crl-publisher.log"].map((name) => path.join(environment.cluster.logs, name));
  const checked = await capstan(environment, ["audit", "--log", ...logs]);
  expect([checked.stdout.split("\n").slice(1), checked.stderr.trim().split("\n").at(-1), checked.exitCode]).toEqual([
    [""],
    "Log and ledger agree.",
    0,
  ]);
});

test("revoked-by-the-pod-that-mounts-its-secret-it-is-renewed-and-whois-says-that-every-anchor-has-it", async () => {
  const [, , workload] = workloads;
  if (workload === undefined) throw new Error("no workload");
  const pods = ["three-1", "three-2"].map(
    (name) => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: demo }
spec:
  containers: [{ name: web, image: registry.invalid/web }]
  volumes: [{ name: tls, secret: { secretName: three-tls } }]
`,
  );
  const applied = await environment.cluster.kubectl(["apply", "-f", "-"], { stdin: pods.join("---\n") });
  expect(applied.stderr).toBe("");
  const admin = ["--kubeconfig", environment.cluster.adminKubeconfig];
  const flags = ["-n", "demo", "--reason", "keyCompromise", "--yes", "--wait", "--reissue", "--end-sessions"];
  const revoked = await capstan(environment, ["revoke", "pod/three-1", ...flags, ...admin]);
  expect(revoked.stderr).toContain("note: secret/three-tls serves 1 other pod, which AWS will refuse: three-2\n");
  expect(revoked.exitCode).toBe(0);
  expect(JSON.parse(revoked.stdout)).toMatchObject({
    Statement: [{ Condition: { StringLike: { "aws:userid": [`*:${workload.serial}`] } } }, {}],
  });
  await expect(assumeRole(environment, workload.files)).rejects.toThrow("Certificate revoked");
  expect(await whois(workload.sessionArn)).toMatchObject({
    exitCode: 0,
    subjects: [{ verdict: "Issued", revoked: { published: true } }],
  });
  const { stdout } = await capstan(environment, ["show", workload.serial]);
  expect(stdout).toMatch(/\nprod +refuses it +\d+ /);
});

test("a-namespace-is-revoked-by-labels-and-the-rest-of-it-by-all", async () => {
  const admin = ["--kubeconfig", environment.cluster.adminKubeconfig];
  const serials = workloads.map(({ serial }) => serial);
  const labelled = await capstan(environment, ["revoke", "-l", "app=whois", "-n", "demo", "--yes", ...admin]);
  expect([labelled.exitCode, labelled.stderr.match(/^error:.*$/m)]).toEqual([0, null]);
  const all = await capstan(environment, ["revoke", "--all", "-n", "demo", "--yes", "--wait", ...admin]);
  expect([all.exitCode, all.stderr.match(/^error:.*$/m)]).toEqual([0, null]);
  const { subjects } = await whois(...serials);
  expect(subjects.map(({ revoked }) => revoked?.published)).toEqual([true, true, true, true]);
  const again = await capstan(environment, ["revoke", "--all", "-n", "demo", "--yes", ...admin]);
  expect(again.exitCode).toBe(1);
  expect(again.stderr).toContain("namespace demo has no valid certificate of Capstan's that is not revoked already");
});
