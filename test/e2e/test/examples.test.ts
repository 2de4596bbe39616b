import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { type ManagedProcess, pickFreePort, startProcess, until } from "@capstan/test-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installAwsCli } from "../src/aws-cli.ts";
import { publishVolume, type Volume } from "../src/csi-volume.ts";
import type { Environment } from "../src/environment.ts";
import {
  administratorOf,
  awsOfExamples,
  type Manifest,
  manifestOf,
  placeholders,
  readExample,
  readManifests,
} from "../src/example-files.ts";
import {
  type Container,
  containerOf,
  environmentOf,
  type PodSpec,
  surroundings,
  whoAmI,
  withFolders,
} from "../src/example-pod.ts";
import { type Asking, askForCertificate } from "../src/example-request.ts";
import { untilAllowed } from "../src/rights.ts";
import { trustManagerCrd } from "../src/trust-manager-crd.ts";
import { capstan, type LeafFiles, mountSecret, startDemo, trustAnchorArn } from "../src/workload.ts";

// Each folder of deploy/examples, as its README says, on a real control plane; AWS's helper and SDK run as processes with the
// arguments, environment and files that the manifest gives them. Only AWS itself is the emulator.

const requests = "certificaterequests.cert-manager.io";

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
    const as = ["--as=system:serviceaccount:demo:reader"];
    await untilAllowed(environment.cluster, ["create", requests, "-n", "demo"], { as });
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
    const served = until("the sidecar to serve credentials", () => whoAmI(at));
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

describe("eks-access", () => {
  let alice: LeafFiles;

  beforeAll(async () => {
    await apply("eks-access/people.yaml");
    const as = ["--as=alice@example.org", "--as-group=developers"];
    await untilAllowed(environment.cluster, ["create", requests, "-n", "people"], { as });
  });

  function askAs(user: string, name: string, commonName = `${name}.people`): Asking {
    const as = [`--as=${user}`, "--as-group=developers", "--as-group=system:authenticated"];
    return { name, namespace: "people", issuer: "people", commonName, duration: "12h", as };
  }

  /** What the example's kubeconfig has kubectl run, with the AWS CLI and the example's AWS profile. */
  async function execPlugin(): Promise<URL> {
    const config = path.join(path.dirname(alice.certificate), "aws-config");
    const placed = { ...arns, "/home/alice/.capstan": path.dirname(alice.certificate) };
    await writeFile(config, readExample("eks-access/aws-config", placed));
    const [kubeconfig] = readManifests("eks-access/kubeconfig.yaml") as readonly unknown[];
    const { exec } = (kubeconfig as { users: readonly { user: { exec: ExecPlugin } }[] }).users[0]?.user ?? {};
    const base = await surroundings(environment);
    const { stdout } = await promisify(execFile)(exec?.command ?? "", exec?.args ?? [], {
      env: {
        ...base,
        PATH: `${await installAwsCli()}${path.delimiter}${base["PATH"]}`,
        AWS_CONFIG_FILE: config,
        ...Object.fromEntries((exec?.env ?? []).map(({ name, value }) => [name, value])),
      },
    });
    const { apiVersion, status } = JSON.parse(stdout) as { apiVersion: string; status: { token: string } };
    expect(apiVersion).toBe(exec?.apiVersion);
    const [prefix, encoded = ""] = status.token.split(".");
    expect(prefix).toBe("k8s-aws-v1");
    return new URL(Buffer.from(encoded, "base64url").toString("utf8"));
  }

  /** As an EKS cluster does with the token that it gets. */
  async function askSts(url: URL, cluster: string): Promise<string> {
    return (await fetch(url, { headers: { "x-k8s-aws-id": cluster } })).text();
  }

  // A name that was released before and is refused now may be an edit of the policy, and waits: so these come first.
  test.each([
    { fact: "a colleague", asking: () => askAs("bob@example.org", "bob", "alice.people") },
    { fact: "a namesake elsewhere", asking: () => askAs("alice@example.com", "alice-2", "alice.people") },
  ])("$fact-does-not-get-her-name", async ({ asking }) => {
    await expect(askForCertificate(environment, asking())).rejects.toThrow("as yourself, for your own name");
  });

  test("the-aws-clis-token-is-a-presigned-request-by-which-the-cluster-learns-the-role", async () => {
    alice = await askForCertificate(environment, askAs("alice@example.org", "alice"));
    const url = await execPlugin();
    expect(url.searchParams.get("Action")).toBe("GetCallerIdentity");
    const [, arn] = /<Arn>(.*)<\/Arn>/.exec(await askSts(url, "prod")) ?? [];
    expect(arn).toEqual(session("eks-alice"));
    expect(await askSts(url, "another")).toContain("<Code>SignatureDoesNotMatch</Code>");
  });
});

interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
}

describe("ci-agent", () => {
  let kubeconfig: string;

  beforeAll(async () => {
    await apply("ci-agent/pipeline.yaml");
    kubeconfig = await environment.cluster.serviceAccountKubeconfig({ namespace: "ci", name: "pipeline" });
    await untilAllowed(environment.cluster, ["create", requests, "-n", "ci"], { kubeconfig });
  });

  const asking = { namespace: "ci", issuer: "ci", commonName: "pipeline.ci", duration: "1h" };

  test.each([
    ["a name of another agent", { commonName: "deploy.ci" }, "ERR_POLICY_NAME"],
    ["a day", { duration: "24h" }, "ERR_"],
    ["a place elsewhere", { namespace: "demo", commonName: "pipeline.demo" }, "forbidden"],
  ])("does-not-get-%s", async (fact, change, message) => {
    const name = fact.replaceAll(" ", "-");
    const refused = askForCertificate(environment, { ...asking, name, kubeconfig, ...change });
    await expect(refused).rejects.toThrow(message);
  });

  test("gets-nothing-from-administrators-who-ask-in-its-place", async () => {
    const refused = askForCertificate(environment, { ...asking, name: "job-2" });
    await expect(refused).rejects.toThrow("ERR_POLICY_");
  });

  test("gets-a-certificate-for-its-own-name-and-with-it-the-role", async () => {
    const job = path.join(environment.cluster.directory, "job");
    await mkdir(job, { recursive: true });
    const [command = ""] = shellBlocks(readExample("ci-agent/README.md", arns));
    const base = await surroundings(environment);
    const env = { ...base, PATH: `${environment.bin}${path.delimiter}${base["PATH"]}`, KUBECONFIG: kubeconfig };
    await promisify(execFile)("sh", ["-euc", command], { cwd: job, env });
    const profile = { AWS_CONFIG_FILE: path.join(job, "aws-config"), AWS_PROFILE: "pipeline" };
    expect(await whoAmI({ ...base, ...profile })).toEqual(session("ci-pipeline"));
  });
});

describe("trust-manager", () => {
  test("its-own-schema-takes-the-bundle", async () => {
    await kubectl(["apply", "--server-side", "-f", await trustManagerCrd()]);
    await kubectl(["wait", "--for=condition=Established", "--timeout=60s", "crd/bundles.trust.cert-manager.io"]);
    await until("its kind to be discovered", () => kubectl(["get", "bundles.trust.cert-manager.io"]));
    await apply("trust-manager/bundle.yaml");
    const wrong = readExample("trust-manager/bundle.yaml", { "configMap: { name": "configMaps: { name" });
    await expect(kubectl(["apply", "-f", "-"], wrong)).rejects.toThrow("configMaps");
  });

  test("the-mirror-puts-the-roots-where-the-bundle-reads-them-and-may-do-nothing-else", async () => {
    const manifests = await apply("trust-manager/mirror.yaml");
    const { jobTemplate } = manifestOf(manifests, "CronJob").spec as {
      readonly jobTemplate: { readonly spec: { readonly template: { readonly spec: PodSpec } } };
    };
    const container = containerOf(jobTemplate.spec.template.spec, "mirror");
    const roots = path.join(environment.cluster.directory, "roots");
    await mkdir(roots, { recursive: true });
    const bundle = await kubectl([...readBundle, "-n", "capstan-system"]);
    await writeFile(path.join(roots, "bundle.pem"), bundle);
    const kubeconfig = await environment.cluster.serviceAccountKubeconfig({
      namespace: "capstan-system",
      name: "bundle-mirror",
    });
    await untilAllowed(environment.cluster, ["create", "configmaps", "-n", "trust"], { kubeconfig });
    const env = {
      PATH: `${environment.bin}${path.delimiter}${process.env["PATH"]}`,
      // Without one, kubectl keeps its cache in the folder that it is started in.
      HOME: environment.cluster.directory,
      KUBECONFIG: kubeconfig,
    };
    const [script = ""] = container.args ?? [];
    // Twice: the second time it is there already.
    for (let time = 0; time < 2; time += 1) {
      await promisify(execFile)("sh", ["-ec", withFolders(script, container, { roots })], { env });
    }
    expect(await kubectl([...readBundle, "-n", "trust"])).toBe(bundle);
    expect(bundle).toContain("BEGIN CERTIFICATE");
    const as = "--as=system:serviceaccount:capstan-system:bundle-mirror";
    for (const what of [
      "get secrets -n capstan-system",
      "get configmaps -n capstan-system",
      "delete configmaps -n trust",
    ]) {
      const { stdout } = await environment.cluster.kubectl(["auth", "can-i", as, ...what.split(" ")]);
      expect([what, stdout.trim()]).toEqual([what, "no"]);
    }
  });

  const readBundle = ["get", "configmap", "fleet-bundle", "-o", "jsonpath={.data.bundle\\.pem}"];
});

describe("several-accounts", () => {
  const account = "444455556666";
  let anchor: string;

  beforeAll(async () => {
    // The README's own commands, as that account's administrator.
    const [first = ""] = shellBlocks(readExample("several-accounts/README.md"));
    const { accessKeyId, secretAccessKey } = administratorOf(account);
    const base = await surroundings(environment);
    const { stdout } = await promisify(execFile)("sh", ["-euc", first], {
      cwd: environment.cluster.directory,
      env: {
        ...base,
        PATH: [await installAwsCli(), environment.bin, base["PATH"]].join(path.delimiter),
        KUBECONFIG: environment.cluster.adminKubeconfig,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
      },
    });
    anchor = stdout.trim();
    arns = { ...arns, [placeholders.data]: anchor };
    await apply("several-accounts/certificate-authority.yaml");
    await until("both trust anchors to have joined", async () => {
      const joined = await kubectl(["get", "capca", "fleet", "-o", "jsonpath={.status.trustAnchors[*].joined}"]);
      return joined === "true true" ? joined : undefined;
    });
  });

  /** The arguments of AWS's helper for role data-web of the second account. */
  async function assumeThere(): Promise<string> {
    const { certificate, privateKey } = await mountSecret(environment, "demo", "web-tls");
    const profile = /arn:aws:rolesanywhere:eu-west-1:\S+profile\/\S+/.exec(
      readExample("several-accounts/certificate-authority.yaml"),
    );
    const config = path.join(environment.cluster.directory, "data.config");
    const command = [
      "aws_signing_helper credential-process",
      `--certificate ${certificate} --private-key ${privateKey}`,
      `--trust-anchor-arn ${anchor} --profile-arn ${profile?.[0]} --role-arn arn:aws:iam::${account}:role/data-web`,
    ];
    await writeFile(config, `[default]\nregion = eu-west-1\ncredential_process = ${command.join(" ")}\n`);
    return whoAmI({ ...(await surroundings(environment)), AWS_CONFIG_FILE: config, AWS_REGION: "eu-west-1" });
  }

  test("one-certificate-has-a-role-in-the-second-account-and-its-revocation-reaches-that-account", async () => {
    expect(await assumeThere()).toMatch(/^arn:aws:sts::444455556666:assumed-role\/data-web\//);
    const revoked = await capstan(environment, ["revoke", "certificate/web", "-n", "demo", "--yes", "--wait"]);
    expect(revoked).toMatchObject({ exitCode: 0 });
    const before = environment.emulator.sessionEvents().length;
    await expect(assumeThere()).rejects.toThrow("Could not load credentials");
    const tried = environment.emulator.sessionEvents().slice(before);
    expect(tried.map(({ errorMessage }) => errorMessage)).toContain("Certificate revoked");
  });

  test("the-publisher-used-its-own-certificate-there", () => {
    const roles = environment.emulator
      .sessionEvents()
      .map(({ requestParameters }) => JSON.stringify(requestParameters));
    expect(roles.join()).toContain(`arn:aws:iam::${account}:role/capstan-publisher`);
  });
});

/** The shell blocks of a README that say that they are run here. */
function shellBlocks(text: string): readonly string[] {
  return [...text.matchAll(/^```sh\n# examples\.test\.ts runs it.*\n([^]*?)^```$/gm)].map(([, block = ""]) => block);
}
