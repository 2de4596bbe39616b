import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { until } from "@capstan/test-cluster";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fileURLToPath } from "node:url";
import { type Environment, type EnvironmentOptions, region, startEnvironment } from "./environment.ts";

const run = promisify(execFile);

/** Folder of what a user applies first. */
export const examples = path.join(path.dirname(fileURLToPath(import.meta.url)), "../../../deploy/examples");

/** An environment with deploy/examples applied and Certificate `web` issued. */
export async function startDemo(options: Omit<EnvironmentOptions, "log"> = {}): Promise<Environment> {
  const environment = await startEnvironment({ log: () => {}, ...options });
  try {
    await applyExamples(environment);
    await mountSecret(environment, "demo", "web-tls");
    return environment;
  } catch (error) {
    const said = await conditions(environment);
    await environment.stop();
    throw new Error(`${String(error)}\n${said}`, { cause: error });
  }
}

/** What authorities, issuers and requests say of themselves: all that is left of a cluster that is stopped. */
async function conditions({ cluster }: Environment): Promise<string> {
  const kinds = "certificateauthorities,capstanclusterissuers,certificates,certificaterequests";
  const each = "{range .items[*]}{.kind} {.metadata.name}: {.status.conditions}{'\\n'}{end}";
  const { stdout, stderr } = await cluster.kubectl(["get", kinds, "-A", "-o", `jsonpath=${each}`]);
  return stdout + stderr;
}

/** Applies deploy/examples as administrator and returns what kubectl said. */
export async function applyExamples({ cluster }: Environment): Promise<string> {
  const applied = await cluster.kubectl(["apply", "-f", examples]);
  if (applied.exitCode !== 0) throw new Error(applied.stderr);
  return applied.stdout;
}

/** Files as a pod that mounts the Secret would see them. */
export interface LeafFiles {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Temporary credentials as AWS's helper prints them. */
export interface AwsCredentials {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly SessionToken: string;
  readonly Expiration: string;
}

/** Reads an object as administrator; undefined when it does not exist. */
export async function getObject<T>({ cluster }: Environment, args: readonly string[]): Promise<T | undefined> {
  const result = await cluster.kubectl(["get", ...args, "--ignore-not-found", "-o", "json"]);
  if (result.exitCode !== 0) throw new Error(result.stderr);
  return result.stdout.trim() === "" ? undefined : (JSON.parse(result.stdout) as T);
}

interface Secret {
  readonly data?: Readonly<Record<string, string>>;
}

/** Waits for a Certificate's Secret and writes it to files, as a kubelet would for a pod. */
export async function mountSecret(environment: Environment, namespace: string, name: string): Promise<LeafFiles> {
  const data = await until(`Secret ${namespace}/${name} to hold a certificate`, async () => {
    const secret = await getObject<Secret>(environment, ["secret", name, "-n", namespace]);
    return secret?.data?.["tls.crt"] === undefined ? undefined : secret.data;
  });
  const directory = path.join(environment.cluster.directory, "mounts", namespace, name);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const files = { certificate: path.join(directory, "tls.crt"), privateKey: path.join(directory, "tls.key") };
  await writeFile(files.certificate, Buffer.from(data["tls.crt"] ?? "", "base64"), { mode: 0o600 });
  await writeFile(files.privateKey, Buffer.from(data["tls.key"] ?? "", "base64"), { mode: 0o600 });
  return files;
}

/** The trust anchor of authority `fleet`, as its status names it. */
export async function trustAnchorArn(environment: Environment): Promise<string> {
  return until("CertificateAuthority fleet to have joined its trust anchor", async () => {
    const authority = await getObject<{
      readonly status?: { readonly trustAnchors?: readonly { readonly arn?: string; readonly joined: boolean }[] };
    }>(environment, ["certificateauthority", "fleet"]);
    const anchor = authority?.status?.trustAnchors?.[0];
    return anchor?.joined === true ? anchor.arn : undefined;
  });
}

/** The arguments of AWS's credential helper for role `demo-web`. */
export async function helperArguments(environment: Environment, files: LeafFiles): Promise<readonly string[]> {
  const { emulator } = environment;
  return [
    `--certificate=${files.certificate}`,
    `--private-key=${files.privateKey}`,
    `--trust-anchor-arn=${await trustAnchorArn(environment)}`,
    `--profile-arn=${emulator.profileArn("demo")}`,
    `--role-arn=${emulator.roleArn("demo-web")}`,
    `--endpoint=${emulator.endpoint}`,
    `--region=${region}`,
  ];
}

/** Writes an AWS configuration whose profile `web` gets its credentials by the helper, and returns the file's path. */
export async function writeAwsConfig(environment: Environment, files: LeafFiles): Promise<string> {
  const { tools, directory } = environment.cluster;
  const helper = [tools.awsSigningHelper, "credential-process", ...(await helperArguments(environment, files))];
  const file = path.join(directory, "aws.config");
  const lines = [
    "[profile web]",
    `region = ${region}`,
    `endpoint_url = ${environment.emulator.endpoint}`,
    `credential_process = ${helper.join(" ")}`,
  ];
  await writeFile(file, `${lines.join("\n")}\n`);
  return file;
}

/**
 * Exchanges a leaf for temporary credentials with AWS's own helper. Its refusal is the error's message.
 *
 * @param helper what `helperArguments` said earlier: for a trust anchor that is not joined any more, which to ask for it
 *   now would wait for
 */
export async function assumeRole(
  environment: Environment,
  files: LeafFiles,
  helper?: readonly string[],
): Promise<AwsCredentials> {
  const args = ["credential-process", ...(helper ?? (await helperArguments(environment, files)))];
  try {
    // As in a pod: nothing of the user's own AWS settings.
    const env = { PATH: process.env["PATH"], HOME: environment.cluster.directory };
    const { stdout } = await run(environment.cluster.tools.awsSigningHelper, args, { env });
    return JSON.parse(stdout) as AwsCredentials;
  } catch (error) {
    const { stderr } = error as { readonly stderr?: string };
    throw new Error((stderr ?? String(error)).trim(), { cause: error });
  }
}

/** Asks STS by the AWS SDK whose credentials these are. */
export async function callerIdentity({ emulator }: Environment, credentials: AwsCredentials): Promise<string> {
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken } = credentials;
  const client = new STSClient({
    region,
    endpoint: emulator.endpoint,
    credentials: { accessKeyId, secretAccessKey, sessionToken },
  });
  try {
    const { Arn } = await client.send(new GetCallerIdentityCommand({}));
    if (Arn === undefined) throw new Error("GetCallerIdentity answered without an ARN");
    return Arn;
  } finally {
    client.destroy();
  }
}

/** Runs the plugin as whoever is on call, through kubectl. */
export async function capstan(
  environment: Environment,
  args: readonly string[],
): Promise<{ readonly stdout: string; readonly stderr: string; readonly exitCode: number }> {
  const env = {
    ...process.env,
    PATH: `${environment.bin}${path.delimiter}${process.env["PATH"] ?? ""}`,
    KUBECONFIG: environment.operatorKubeconfig,
  };
  try {
    const { stdout, stderr } = await run(environment.cluster.tools.kubectl, ["capstan", ...args], { env });
    return { stdout, stderr, exitCode: 0 };
  } catch (error) {
    const {
      stdout = "",
      stderr = "",
      code,
    } = error as { readonly stdout?: string; readonly stderr?: string; readonly code?: number | string };
    if (typeof code !== "number") throw error;
    return { stdout, stderr, exitCode: code };
  }
}
