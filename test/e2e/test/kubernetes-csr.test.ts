import { X509Certificate } from "node:crypto";
import { until } from "@capstan/test-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Environment } from "../src/environment.ts";
import { makeCsr } from "../src/requests.ts";
import { untilAllowed } from "../src/rights.ts";
import { getObject, startDemo } from "../src/workload.ts";

// certificates.k8s.io, as the real API server serves it: its admission plugins see every write of ours.

const service = "system:serviceaccount:demo:app";
const signingRequests = "certificatesigningrequests.certificates.k8s.io";

const manifests = `
apiVersion: v1
kind: ServiceAccount
metadata: { name: app, namespace: demo }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: ask-for-certificates }
rules: [{ apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests], verbs: [create] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: ask-for-certificates }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ask-for-certificates }
subjects: [{ kind: Group, apiGroup: rbac.authorization.k8s.io, name: "system:serviceaccounts" }]
---
apiVersion: capstan.dev/v1alpha1
kind: CapstanIssuer
metadata: { name: own.issuer, namespace: demo }
spec:
  caRef: { name: fleet }
  policy: { commonName: { allow: ["*.{namespace}"] } }
`;

/** Lets the service account "app" of namespace "demo" use the issuer. */
const referenceRole = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: use-own-issuer, namespace: demo }
rules: [{ apiGroups: [capstan.dev], resources: [capstanissuers], resourceNames: [own.issuer], verbs: [reference] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: use-own-issuer, namespace: demo }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: use-own-issuer }
subjects: [{ kind: ServiceAccount, name: app, namespace: demo }]
`;

interface SigningRequestObject {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly status?: {
    readonly certificate?: string;
    readonly conditions?: readonly { readonly type: string; readonly reason?: string; readonly message?: string }[];
  };
}

interface Asked {
  readonly name: string;
  readonly subject?: string;
  readonly signerName?: string;
  readonly user?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly expirationSeconds?: number;
  readonly usages?: readonly string[];
}

const cluster = "capstanclusterissuers.capstan.dev/fleet";
const namespaced = "capstanissuers.capstan.dev/demo.own.issuer";

let environment: Environment;

beforeAll(async () => {
  environment = await startDemo();
  const applied = await environment.cluster.kubectl(["apply", "-f", "-"], { stdin: manifests });
  if (applied.exitCode !== 0) throw new Error(applied.stderr);
  await untilAllowed(environment.cluster, ["create", signingRequests], {
    as: [`--as=${service}`, "--as-group=system:serviceaccounts"],
  });
});

afterAll(async () => {
  await environment?.stop();
});

async function kubectl(args: readonly string[], stdin?: string): Promise<void> {
  const result = await environment.cluster.kubectl(args, stdin === undefined ? {} : { stdin });
  if (result.exitCode !== 0) throw new Error(result.stderr);
}

async function ask(asked: Asked): Promise<void> {
  const { name, subject = "/CN=web.demo", signerName = cluster, user = service, annotations = {} } = asked;
  const { usages = ["client auth", "digital signature"], expirationSeconds } = asked;
  const csr = await makeCsr({ subject, key: "ec:prime256v1" });
  const manifest = {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { name, annotations },
    spec: { signerName, request: Buffer.from(csr).toString("base64"), usages, expirationSeconds },
  };
  // As the API server knows a service account by its token.
  const [, , namespace] = user.startsWith("system:serviceaccount:") ? user.split(":") : [];
  const accounts = namespace === undefined ? [] : ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
  const groups = [...accounts, "system:authenticated"].flatMap((group) => ["--as-group", group]);
  await kubectl(["create", "-f", "-", "--as", user, ...groups], JSON.stringify(manifest));
}

const read = (name: string) => getObject<SigningRequestObject>(environment, ["csr", name]);

async function approve(name: string): Promise<void> {
  await kubectl(["certificate", "approve", name]);
}

/** The leaf, once there is one; what the request failed with is the error. */
async function issued(name: string): Promise<X509Certificate> {
  const { certificate, failed } = await until(`CertificateSigningRequest ${name} to be answered`, async () => {
    const { status } = (await read(name)) ?? {};
    const answer = {
      certificate: status?.certificate,
      failed: status?.conditions?.find(({ type }) => type === "Failed")?.message,
    };
    return answer.certificate === undefined && answer.failed === undefined ? undefined : answer;
  });
  expect(failed).toBeUndefined();
  const text = Buffer.from(certificate ?? "", "base64").toString("utf8");
  expect(text.match(/-----BEGIN CERTIFICATE-----/g)).toHaveLength(1);
  return new X509Certificate(text);
}

const failureOf = (name: string) =>
  until(`CertificateSigningRequest ${name} to fail`, async () =>
    (await read(name))?.status?.conditions?.find(({ type }) => type === "Failed"),
  );

const lifetimeMs = (leaf: X509Certificate): number => leaf.validToDate.getTime() - leaf.validFromDate.getTime();

describe("an approved request of a service account", () => {
  test("is-issued-by-the-cluster-issuer-and-recorded-for-its-namespace", async () => {
    await ask({ name: "by-cluster-issuer", expirationSeconds: 3_600 });
    await approve("by-cluster-issuer");
    const leaf = await issued("by-cluster-issuer");
    expect([leaf.subject, leaf.ca, lifetimeMs(leaf)]).toEqual(["CN=web.demo", false, 3_600_000]);
    const { metadata } = (await read("by-cluster-issuer")) ?? { metadata: { uid: "" } };
    const record = await getObject<{ readonly spec: unknown }>(environment, [
      "issuedcertificates",
      metadata.uid,
      "-n",
      "capstan-system",
    ]);
    expect(record?.spec).toMatchObject({
      requestKind: "CertificateSigningRequest",
      requestName: "by-cluster-issuer",
      requestNamespace: "demo",
      requester: service,
      issuerKind: "CapstanClusterIssuer",
      issuerName: "fleet",
    });
  });

  test("lives-as-long-as-cert-managers-annotation-says-before-expirationSeconds", async () => {
    const annotations = { "experimental.cert-manager.io/request-duration": "1.5h" };
    await ask({ name: "by-annotation", expirationSeconds: 3_600, annotations });
    await approve("by-annotation");
    expect(lifetimeMs(await issued("by-annotation"))).toBe(5_400_000);
  });

  test("is-issued-by-a-namespaced-issuer-only-to-those-who-may-reference-it", async () => {
    await ask({ name: "without-right", signerName: namespaced });
    await approve("without-right");
    expect(await failureOf("without-right")).toMatchObject({ reason: "DeniedReference" });

    await kubectl(["apply", "-f", "-"], referenceRole);
    await untilAllowed(environment.cluster, ["reference", "capstanissuers.capstan.dev/own.issuer", "-n", "demo"], {
      as: [`--as=${service}`],
    });
    await ask({ name: "with-right", signerName: namespaced });
    await approve("with-right");
    expect((await issued("with-right")).subject).toBe("CN=web.demo");
  });
});

describe("what breaks a rule fails with a reason and no certificate", () => {
  test.each<Omit<Asked, "name"> & { readonly name: string; readonly reason: string; readonly code: string }>([
    { name: "name-of-another-namespace", subject: "/CN=web.prod", reason: "RequestRefused", code: "ERR_POLICY_NAME" },
    {
      name: "user-of-no-namespace",
      user: "kubernetes-admin",
      reason: "RequestRefused",
      code: "ERR_POLICY_CLUSTER_REQUEST",
    },
    {
      name: "account-of-another-namespace",
      user: "system:serviceaccount:default:default",
      reason: "RequestRefused",
      code: "ERR_POLICY_NAMESPACE",
    },
    {
      name: "annotation-that-is-no-duration",
      annotations: { "experimental.cert-manager.io/request-duration": "a day" },
      reason: "ErrorParseDuration",
      code: "ERR_DURATION",
    },
    {
      name: "annotation-under-ten-minutes",
      annotations: { "experimental.cert-manager.io/request-duration": "599s" },
      reason: "InvalidDuration",
      code: "ERR_POLICY_DURATION",
    },
    {
      name: "ca",
      annotations: { "experimental.cert-manager.io/request-is-ca": "true" },
      reason: "RequestRefused",
      code: "ERR_CA_NOT_ALLOWED",
    },
    {
      name: "usage-beyond-the-authoritys",
      usages: ["code signing"],
      reason: "RequestRefused",
      code: "ERR_USAGE_NOT_ALLOWED",
    },
  ])("$name", async ({ reason, code, ...asked }) => {
    if (asked.user === "kubernetes-admin") {
      await kubectl([
        "create",
        "clusterrolebinding",
        "ask-for-certificates-too",
        "--clusterrole=ask-for-certificates",
        "--user=kubernetes-admin",
      ]);
      await untilAllowed(environment.cluster, ["create", signingRequests], { as: [`--as=${asked.user}`] });
    }
    await ask(asked);
    await approve(asked.name);
    const failed = await failureOf(asked.name);
    expect(failed?.reason).toBe(reason);
    expect(failed?.message).toContain(code);
    expect((await read(asked.name))?.status?.certificate).toBeUndefined();
  });
});

test("an-unapproved-and-a-denied-request-stay-as-they-are", async () => {
  await ask({ name: "unapproved" });
  await ask({ name: "denied" });
  await kubectl(["certificate", "deny", "denied"]);
  // One that came later has been answered, so these have been looked at.
  await ask({ name: "later" });
  await approve("later");
  await issued("later");
  expect((await read("unapproved"))?.status?.conditions).toBeUndefined();
  expect((await read("denied"))?.status?.conditions?.map(({ type }) => type)).toEqual(["Denied"]);
});
