import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { installTools, type ManagedProcess, pickFreePort, startProcess } from "@capstan/test-cluster";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ACCOUNT, type Fixture, REGION, startFixture, WEB_ROLE } from "../../rolesanywhere/test/fixture.ts";
import { type Issued, type OpensslCa, OpensslPki } from "../../rolesanywhere/test/openssl-pki.ts";

// AWS's own client against the emulator, with certificates of OpenSSL's making: nothing of Capstan takes part. So a
// failure here is the emulator's.

const pki = new OpensslPki();
let signingHelper: string;
let root: OpensslCa;
let fixture: Fixture;
let trustAnchorArn: string;
let folder: string;

beforeAll(async () => {
  signingHelper = (await installTools({ log: () => undefined })).awsSigningHelper;
  folder = await mkdtemp(join(tmpdir(), "capstan-signing-helper-"));
  root = pki.root();
  fixture = await startFixture();
  trustAnchorArn = await fixture.anchor(root);
});

afterAll(async () => {
  await fixture?.emulator.stop();
  if (folder !== undefined) await rm(folder, { recursive: true });
  pki.dispose();
});

function flags(leaf: Issued): readonly string[] {
  return [
    "--endpoint",
    fixture.emulator.endpoint,
    "--trust-anchor-arn",
    trustAnchorArn,
    "--profile-arn",
    fixture.emulator.profileArn("web"),
    "--role-arn",
    WEB_ROLE,
    "--certificate",
    leaf.certificateFile,
    "--private-key",
    leaf.keyFile,
  ];
}

interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(command: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return await new Promise((resolve) => {
    const env = { ...process.env, ...environment };
    execFile(signingHelper, [command, ...args], { env }, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
  });
}

async function callerArn(credentials: {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}): Promise<string | undefined> {
  const sts = new STSClient({ endpoint: fixture.emulator.endpoint, region: REGION, credentials });
  return (await sts.send(new GetCallerIdentityCommand({}))).Arn;
}

interface ProcessCredentials {
  readonly Version: number;
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly SessionToken: string;
  readonly Expiration: string;
}

describe("credential-process", () => {
  test.each(["RSA-2048", "P-256", "P-384"] as const)("gets credentials with a key of %s", async (key) => {
    const leaf = root.issue({ key, serial: "4F1C" });
    const { exitCode, stdout, stderr } = await run("credential-process", flags(leaf));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const credentials = JSON.parse(stdout) as ProcessCredentials;
    expect(credentials.Version).toBe(1);
    const arn = await callerArn({
      accessKeyId: credentials.AccessKeyId,
      secretAccessKey: credentials.SecretAccessKey,
      sessionToken: credentials.SessionToken,
    });
    expect(arn).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/web/4f1c`);
  });

  test("gets credentials through an intermediate that it sends", async () => {
    const issuing = root.intermediate();
    const leaf = issuing.issue();
    const chain = [...flags(leaf), "--intermediates", issuing.certificateFile];
    expect(await run("credential-process", chain)).toMatchObject({ exitCode: 0 });
    const without = await run("credential-process", flags(leaf));
    expect(without).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("Untrusted signing certificate") });
  });

  test("gets credentials for as long as it asks", async () => {
    const { stdout } = await run("credential-process", [...flags(root.issue()), "--session-duration", "900"]);
    const { Expiration } = JSON.parse(stdout) as ProcessCredentials;
    const remainingMs = Date.parse(Expiration) - fixture.clock.now().getTime();
    expect(remainingMs).toBeLessThanOrEqual(900_000);
  });

  test.each([
    ["the certificate of a foreign CA", () => flags(pki.root().issue()), "Untrusted signing certificate"],
    [
      "a leaf without digitalSignature",
      () => flags(root.issue({ extensions: ["keyUsage = critical, keyEncipherment"] })),
      "Untrusted certificate. Insufficient certificate",
    ],
    [
      "the key of another certificate",
      () => [...flags(root.issue()), "--private-key", root.issue().keyFile],
      "The request signature does not match the request and the certificate.",
    ],
    [
      "a session name that the profile does not accept",
      () => [...flags(root.issue()), "--role-session-name", "mine"],
      "The profile does not accept a custom role session name.",
    ],
    [
      "a role that the profile does not list",
      () => [...flags(root.issue()), "--role-arn", `arn:aws:iam::${ACCOUNT}:role/other`],
      `Unable to assume role for arn:aws:iam::${ACCOUNT}:role/other.`,
    ],
  ])("shows why it was refused with %s", async (_fact, args, message) => {
    const { exitCode, stdout, stderr } = await run("credential-process", args());
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toContain(`AccessDeniedException: ${message}`);
  });

  test("is refused once its certificate is revoked, while another goes on", async () => {
    const [leaf, other] = [root.issue(), root.issue()];
    expect(await run("credential-process", flags(leaf))).toMatchObject({ exitCode: 0 });
    await fixture.crl(trustAnchorArn, root.crl({ revoked: [leaf] }));
    const { exitCode, stderr } = await run("credential-process", flags(leaf));
    expect(exitCode).toBe(1);
    expect(stderr).toContain("AccessDeniedException: Certificate revoked");
    expect(await run("credential-process", flags(other))).toMatchObject({ exitCode: 0 });
  });
});

describe("serve", () => {
  let server: ManagedProcess;
  let endpoint: string;

  beforeAll(async () => {
    const port = await pickFreePort();
    endpoint = `http://127.0.0.1:${port}/latest`;
    server = await startProcess({
      name: "aws_signing_helper serve",
      program: signingHelper,
      args: ["serve", ...flags(root.issue({ serial: "5EAF" })), "--port", String(port)],
      logFile: join(folder, "serve.log"),
    });
    await vi.waitFor(async () => expect(await token()).not.toBe(""), { timeout: 60_000, interval: 50 });
  });

  afterAll(() => server?.kill());

  /** A token of the instance metadata service, version 2; empty while nothing listens. */
  async function token(): Promise<string> {
    const headers = { "x-aws-ec2-metadata-token-ttl-seconds": "60" };
    const response = await fetch(`${endpoint}/api/token`, { method: "PUT", headers }).catch(() => undefined);
    return response?.status === 200 ? await response.text() : "";
  }

  test("hands credentials to whoever has a token, under the role's name", async () => {
    const headers = { "x-aws-ec2-metadata-token": await token() };
    const list = `${endpoint}/meta-data/iam/security-credentials/`;
    expect(await (await fetch(list, { headers })).text()).toBe("web");
    const credentials = (await (await fetch(`${list}web`, { headers })).json()) as Readonly<Record<string, string>>;
    expect(credentials["Code"]).toBe("Success");
    const arn = await callerArn({
      accessKeyId: credentials["AccessKeyId"] ?? "",
      secretAccessKey: credentials["SecretAccessKey"] ?? "",
      sessionToken: credentials["Token"] ?? "",
    });
    expect(arn).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/web/5eaf`);
  });

  test("hands nothing out without a token", async () => {
    const response = await fetch(`${endpoint}/meta-data/iam/security-credentials/web`);
    expect(response.status).toBe(401);
  });
});

describe("update --once", () => {
  test("writes the profile of the credentials file that it is told", async () => {
    const file = join(folder, "credentials");
    await writeFile(file, "[other]\naws_access_key_id = AKIAKEPT\n");
    const args = [...flags(root.issue({ serial: "0D07" })), "--profile", "capstan", "--once"];
    expect(await run("update", args, { AWS_SHARED_CREDENTIALS_FILE: file })).toMatchObject({ exitCode: 0 });
    const text = await readFile(file, "utf8");
    expect(text).toContain("AKIAKEPT");
    const value = (name: string): string =>
      new RegExp(`^${name}\\s*=\\s*(\\S+)`, "m").exec(text.slice(text.indexOf("[capstan]")))?.[1] ?? "";
    const arn = await callerArn({
      accessKeyId: value("aws_access_key_id"),
      secretAccessKey: value("aws_secret_access_key"),
      sessionToken: value("aws_session_token"),
    });
    expect(arn).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/web/0d07`);
  });
});
