import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { type ManagedProcess, pickFreePort, startProcess } from "@capstan/test-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { publishVolume, type Volume } from "../src/csi-volume.ts";
import type { Environment } from "../src/environment.ts";
import {
  awsOfExamples,
  type Manifest,
  manifestOf,
  placeholders,
  readExample,
  readManifests,
} from "../src/example-files.ts";
import { type Container, containerOf, environmentOf, type PodSpec, whoAmI, withFolders } from "../src/example-pod.ts";
import { until } from "../src/until.ts";
import { mountSecret, startDemo, trustAnchorArn } from "../src/workload.ts";

// Each folder of deploy/examples, as its README says, on a real control plane; AWS's helper and SDK run as processes with the
// arguments, environment and files that the manifest gives them. Only AWS itself is the emulator.

let environment: Environment;
let arns: Readonly<Record<string, string>>;

beforeAll(async () => {
  environment = await startDemo({ aws: awsOfExamples() });
  arns = { [placeholders.prod]: await trustAnchorArn(environment) };
});

afterAll(async () => {
  await environment?.stop();
});

async function kubectl(args: readonly string[], stdin?: string): Promise<string> {
  const result = await environment.cluster.kubectl(args, stdin === undefined ? {} : { stdin });
  if (result.exitCode !== 0) throw new Error(`kubectl ${args.join(" ")}: ${result.stderr}`);
  return result.stdout;
}

/** Applies one file, its placeholders filled in, as a user would. */
async function apply(file: string): Promise<readonly Manifest[]> {
  await kubectl(["apply", "-f", "-"], readExample(file, arns));
  return readManifests(file, arns);
}

/** The pod of a Deployment, made in a namespace that enforces the restricted profile of Pod Security. */
async function createPod(deployment: Manifest, name: string): Promise<PodSpec> {
  const { template } = deployment.spec as { readonly template: { readonly metadata: object; readonly spec: PodSpec } };
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...template.metadata, name, namespace: deployment.metadata.namespace },
    spec: template.spec,
  };
  await kubectl(["label", "namespace", "demo", "pod-security.kubernetes.io/enforce=restricted", "--overwrite"]);
  await kubectl(["create", "-f", "-"], JSON.stringify(pod));
  return template.spec;
}

function session(role: string): unknown {
  return expect.stringMatching(new RegExp(`^arn:aws:sts::111122223333:assumed-role/${role}/[0-9a-f]{32,40}$`));
}

describe("csi-driver", () => {
  let pod: PodSpec;
  let volume: Volume;
  let helper: ManagedProcess;

  beforeAll(async () => {
    await apply("policies/service-accounts.yaml");
    pod = await createPod(manifestOf(await apply("csi-driver/deployment.yaml"), "Deployment"), "reader-0");
    volume = await publishVolume(environment, { namespace: "demo", pod: "reader-0", attributes: attributesOf(pod) });
  });

  afterAll(async () => {
    await helper?.kill();
    await volume?.unpublish();
  });

  /** What the driver reads of the volume, its variables replaced. */
  function attributesOf({
    volumes,
    serviceAccountName = "",
  }: PodSpec): Parameters<typeof publishVolume>[1]["attributes"] {
    const csi = volumes.map((each) => each.csi).find((each) => each !== undefined);
    expect(csi?.driver).toBe("csi.cert-manager.io");
    const value = (name: string): string =>
      (csi?.volumeAttributes[`csi.cert-manager.io/${name}`] ?? "")
        .replace("${SERVICE_ACCOUNT_NAME}", serviceAccountName)
        .replace("${POD_NAMESPACE}", "demo");
    expect([value("issuer-group"), value("issuer-kind")]).toEqual(["capstan.dev", "CapstanClusterIssuer"]);
    return {
      "issuer-name": value("issuer-name"),
      "common-name": value("common-name"),
      duration: value("duration"),
      "key-usages": value("key-usages"),
    };
  }

  /** The sidecar with its arguments; its port must be free on this machine. */
  async function startSidecar(port: number): Promise<ManagedProcess> {
    const sidecar = containerOf(pod, "roles-anywhere");
    const [command = "", ...flags] = sidecar.args ?? [];
    const env = await environmentOf(environment, sidecar, { certificate: volume.directory });
    const args = flags.map((flag) => withFolders(flag, sidecar, { certificate: volume.directory }));
    return startProcess({
      name: "roles-anywhere",
      program: path.join(env["HOME"] ?? "", "aws_signing_helper"),
      args: [command, ...args.map((flag) => (flag === "--port=9911" ? `--port=${port}` : flag))],
      environment: env,
      logFile: path.join(environment.cluster.logs, "example-sidecar.log"),
    });
  }

  test("the-application-has-the-roles-credentials-from-the-sidecar-by-its-environment-alone", async () => {
    const port = await pickFreePort();
    helper = await startSidecar(port);
    const app = containerOf(pod, "app");
    const env = await environmentOf(environment, app);
    expect(env["AWS_EC2_METADATA_SERVICE_ENDPOINT"]).toBe("http://127.0.0.1:9911");
    const at = { ...env, AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${port}` };
    const served = until("the sidecar to serve credentials", () => whoAmI(at), 60_000);
    // What the helper met stands in its log alone: it serves empty credentials then.
    const arn = await served.catch(async () => Promise.reject(await helper.failure("serves no credentials")));
    expect(arn).toEqual(session("demo-reader"));
  });

  test("the-certificate-is-for-the-pods-own-service-account-and-lies-in-no-secret", async () => {
    expect((await volume.read()).certificate.subject).toBe("CN=reader.demo");
    const secrets = await kubectl(["get", "secrets", "-n", "demo", "-o", "name"]);
    expect(secrets).not.toContain("reader");
  });
});

describe("credential-process", () => {
  let app: Container;
  let folders: Readonly<Record<string, string>>;

  beforeAll(async () => {
    await apply("credential-process/certificate.yaml");
    const manifests = await apply("credential-process/deployment.yaml");
    const pod = await createPod(manifestOf(manifests, "Deployment"), "billing-0");
    app = containerOf(pod, "app");
    const secret = await mountSecret(environment, "demo", "billing-tls");
    const aws = path.join(environment.cluster.directory, "billing-aws");
    folders = { certificate: path.dirname(secret.certificate), aws };
    await mkdir(aws, { recursive: true });
    for (const [name, text] of Object.entries(manifestOf(manifests, "ConfigMap").data ?? {})) {
      await writeFile(path.join(aws, name), withFolders(text, app, folders));
    }
  });

  test("the-applications-sdk-runs-the-helper-that-the-config-map-names", async () => {
    expect(await whoAmI(await environmentOf(environment, app, folders))).toEqual(session("demo-billing"));
  });

  test("another-workloads-certificate-does-not-assume-its-role", async () => {
    const web = await mountSecret(environment, "demo", "web-tls");
    const stolen = { ...folders, certificate: path.dirname(web.certificate), aws: `${folders["aws"]}-stolen` };
    await mkdir(stolen.aws, { recursive: true });
    const text =
      manifestOf(readManifests("credential-process/deployment.yaml", arns), "ConfigMap").data?.["config"] ?? "";
    await writeFile(path.join(stolen.aws, "config"), withFolders(text, app, stolen));
    const before = environment.emulator.sessionEvents().length;
    await expect(whoAmI(await environmentOf(environment, app, stolen))).rejects.toThrow("Could not load credentials");
    // The SDK tells no reason; CloudTrail does.
    const tried = environment.emulator.sessionEvents().slice(before);
    expect(tried.map(({ errorMessage }) => errorMessage)).toContain(
      "Unable to assume role for arn:aws:iam::111122223333:role/demo-billing.",
    );
  });
});
