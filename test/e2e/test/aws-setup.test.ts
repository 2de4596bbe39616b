import { execFile } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { until } from "@capstan/test-cluster";
import { GetRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { ListProfilesCommand, RolesAnywhereClient } from "@aws-sdk/client-rolesanywhere";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Environment, region, startEnvironment } from "../src/environment.ts";
import { type AwsCredentials, callerIdentity, getObject, mountSecret } from "../src/workload.ts";

// The whole way of a new user, command by command: nothing in AWS but an administrator's key, and a publisher that has none.

const repository = fileURLToPath(new URL("../../..", import.meta.url));
const administrator = {
  accessKeyId: "AKIAADMINISTRATOR",
  secretAccessKey: "emulator-only/not-a-secret",
  arn: "arn:aws:iam::111122223333:user/administrator",
} as const;

let environment: Environment;
const typed: { readonly part: "cluster" | "AWS set-up"; readonly command: string; readonly seconds: number }[] = [];

beforeAll(async () => {
  const many = { perSecond: 1_000, burst: 1_000 };
  environment = await startEnvironment({
    log: () => {},
    aws: {
      accessKeys: [administrator],
      roles: [],
      profiles: [],
      quotas: { "trust-anchors": many, crls: many, profiles: many, tagging: many, "create-session": many },
    },
    hasPublisherKeys: false,
  });
});

afterAll(async () => {
  // Undefined when it could not be started.
  await (environment as Environment | undefined)?.stop();
  const lines = typed.map(({ part, command, seconds }) => `${part}  ${seconds.toFixed(0).padStart(4)} s  ${command}`);
  const sum = typed.reduce((all, { seconds }) => all + seconds, 0);
  const count = (of: string): number => typed.filter(({ part }) => part === of).length;
  process.stdout.write(
    `${lines.join("\n")}\nfrom the README to credentials: ${count("cluster")} commands and ${count("AWS set-up")} of AWS set-up, ${sum.toFixed(0)} s\n`,
  );
});

/** What a shell says to a command of an administrator of both cluster and account. @throws Error with what it said instead */
async function shell(command: string): Promise<string> {
  const { bin, cluster, emulator } = environment;
  const env = {
    PATH: `${bin}${path.delimiter}${process.env["PATH"] ?? ""}`,
    HOME: cluster.directory,
    KUBECONFIG: cluster.adminKubeconfig,
    AWS_ACCESS_KEY_ID: administrator.accessKeyId,
    AWS_SECRET_ACCESS_KEY: administrator.secretAccessKey,
    AWS_ENDPOINT_URL: emulator.endpoint,
    AWS_REGION: region,
  };
  try {
    return (await promisify(execFile)("/bin/sh", ["-c", command], { cwd: repository, env })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${command}: ${stderr ?? String(error)}${stdout ?? ""}`, { cause: error });
  }
}

/** A command that a new user types, again where it says that it is too early. */
async function type(part: (typeof typed)[number]["part"], command: string): Promise<string> {
  const begun = performance.now();
  const said = await until(command, () => shell(command), 480_000);
  typed.push({ part, command, seconds: (performance.now() - begun) / 1000 });
  return said;
}

interface Authority {
  readonly spec: { readonly trustAnchors: readonly { readonly arn?: string; readonly create?: boolean }[] };
  readonly status?: {
    readonly generations?: readonly { readonly phase: string }[];
    readonly trustAnchors?: readonly { readonly joined: boolean }[];
  };
}

const authority = (): Promise<Authority | undefined> =>
  getObject<Authority>(environment, ["certificateauthority", "fleet"]);

const setUp =
  "kubectl capstan aws-setup fleet --apply --write-spec --yes --workload-role web --namespace demo --common-name web.demo";

/** What `aws-setup` tells to give to AWS's helper. */
let helper: string;

test("a publisher without keys makes its root and waits for a trust anchor", async () => {
  await type("cluster", "kubectl apply --server-side -k deploy/manifests");
  await type("cluster", "kubectl apply -f deploy/examples");
  await until("the first root to be made", async () =>
    (await authority())?.status?.generations?.[0]?.phase === "Pending" ? true : undefined,
  );
  expect(environment.emulator.trustAnchors()).toEqual([]);
});

test("one command makes everything in AWS, and names it in the spec", async () => {
  const said = await type("AWS set-up", setUp);
  const [anchor] = (await authority())?.spec.trustAnchors ?? [];
  expect(anchor).toMatchObject({
    arn: environment.emulator.trustAnchors()[0]?.arn,
    publisher: { roleArn: environment.emulator.roleArn("capstan-fleet-prod-publisher") },
  });
  expect(anchor?.create).toBeUndefined();
  helper = /^#\s+(--trust-anchor-arn .*)$/m.exec(said)?.[1] ?? "";
  expect(helper).toContain(environment.emulator.profileArn("capstan-fleet-prod-workload-web"));
});

test("the publisher gets a session by a leaf of its own, and joins the trust anchor", async () => {
  await until("the trust anchor to be joined", async () =>
    (await authority())?.status?.trustAnchors?.[0]?.joined === true ? true : undefined,
  );
  const roleArn = environment.emulator.roleArn("capstan-fleet-prod-publisher");
  const sessions = environment.emulator
    .sessionEvents()
    .filter(({ requestParameters, errorCode }) => requestParameters.roleArn === roleArn && errorCode === undefined);
  expect(sessions).not.toEqual([]);
  await until("the trust anchor to have its CRL", () =>
    Promise.resolve(environment.emulator.trustAnchors()[0]?.crls.length === 1 ? true : undefined),
  );
});

test("a process gets credentials of the role by AWS's helper", async () => {
  await type("cluster", "kubectl wait --for=condition=Ready --timeout=30s certificate/web -n demo");
  const { certificate, privateKey } = await mountSecret(environment, "demo", "web-tls");
  const { endpoint } = environment.emulator;
  const said = await type(
    "cluster",
    `aws_signing_helper credential-process --certificate ${certificate} --private-key ${privateKey} ${helper} --endpoint ${endpoint} --region ${region}`,
  );
  expect(await callerIdentity(environment, JSON.parse(said) as AwsCredentials)).toMatch(/:assumed-role\/web\//);
  expect(typed.filter(({ part }) => part === "cluster").length).toBeLessThanOrEqual(5);
});

test("a second time nothing is left to do", async () => {
  const writes = (): number =>
    environment.emulator.requests().filter(({ operation }) => /^(Create|Update|Put|Delete|Tag)/.test(operation ?? ""))
      .length;
  // What is written to AWS from now on is written by somebody else.
  await environment.kill("crl-publisher");
  const before = writes();
  await shell(setUp);
  expect(writes() - before).toBe(0);
});

test("--delete leaves nothing in AWS", async () => {
  await shell("kubectl capstan aws-setup fleet --delete --yes");
  expect(environment.emulator.trustAnchors()).toEqual([]);
  const { accessKeyId, secretAccessKey } = administrator;
  const place = {
    region,
    endpoint: environment.emulator.endpoint,
    credentials: { accessKeyId, secretAccessKey },
  };
  const [rolesAnywhere, iam] = [new RolesAnywhereClient(place), new IAMClient(place)];
  try {
    expect((await rolesAnywhere.send(new ListProfilesCommand({}))).profiles).toEqual([]);
    for (const RoleName of ["capstan-fleet-prod-publisher", "capstan-fleet-prod-canary", "web"]) {
      await expect(iam.send(new GetRoleCommand({ RoleName }))).rejects.toMatchObject({ name: "NoSuchEntityException" });
    }
  } finally {
    rolesAnywhere.destroy();
    iam.destroy();
  }
});
