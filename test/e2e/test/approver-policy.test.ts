import { X509Certificate } from "node:crypto";
import { fileURLToPath } from "node:url";
import { type ManagedProcess, startApproverPolicy, until } from "@capstan/test-cluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Environment } from "../src/environment.ts";
import {
  type CertificateRequestObject,
  getRequest,
  makeCsr,
  readyOf,
  requestManifest,
  requestWith,
} from "../src/requests.ts";
import { getObject, startDemo } from "../src/workload.ts";

// cert-manager's approver may approve nothing of ours here: approver-policy does, by deploy/approver-policy.

const overlay = fileURLToPath(new URL("../../../deploy/approver-policy", import.meta.url));
const signers = ["capstanissuers.capstan.dev/*", "capstanclusterissuers.capstan.dev/*"];

let environment: Environment;
let approver: ManagedProcess | undefined;
/** When a request was made that no policy selects. */
let unselectedAtMs = 0;

beforeAll(async () => {
  environment = await startDemo();
  const log = (): void => undefined;
  approver = await startApproverPolicy({ cluster: environment.cluster, approveSignerNames: signers, log });
  await kubectl(["apply", "--server-side", "--force-conflicts", "-k", overlay]);
  // The walk-through's Certificates have an organization, which the example issuer does not allow.
  await kubectl([
    "patch",
    "capstanclusterissuer",
    "fleet",
    "--type=merge",
    `--patch=${JSON.stringify({ spec: { policy: { organization: { allow: ["Example Corp", "Other Corp"] } } } })}`,
  ]);
  await kubectl(["wait", "--for=condition=Ready", "--timeout=60s", "certificaterequestpolicy/aws-workloads"]);
  await until("cert-manager to have lost its right to approve for our signers", async () =>
    (await mayApprove("cert-manager")) ? undefined : true,
  );
  // It has a minute to wait, so it comes before everything else.
  unselectedAtMs = Date.now();
  await requestUnselected();
});

afterAll(async () => {
  await approver?.kill();
  await environment?.stop();
});

async function kubectl(args: readonly string[], stdin?: string): Promise<string> {
  const result = await environment.cluster.kubectl(args, stdin === undefined ? {} : { stdin });
  if (result.exitCode !== 0) throw new Error(`kubectl ${args.join(" ")}: ${result.stderr}`);
  return result.stdout;
}

/** Administrators may use every policy, and none selects a namespaced issuer. */
async function requestUnselected(): Promise<void> {
  const csr = await makeCsr({ subject: "/O=Example Corp/CN=web.demo" });
  const manifest = JSON.parse(requestManifest({ name: "unselected", csr, duration: "24h" })) as { spec: object };
  manifest.spec = { ...manifest.spec, issuerRef: { group: "capstan.dev", kind: "CapstanIssuer", name: "unselected" } };
  await kubectl(["create", "-f", "-"], JSON.stringify(manifest));
}

/** Whether the API server would let an account of namespace cert-manager approve for every cluster issuer of ours. */
async function mayApprove(account: string): Promise<boolean> {
  const name = "capstanclusterissuers.capstan.dev/*";
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: {
      user: `system:serviceaccount:cert-manager:${account}`,
      resourceAttributes: { group: "cert-manager.io", resource: "signers", verb: "approve", name },
    },
  };
  const reviewed = await kubectl(["create", "-f", "-", "-o", "json"], JSON.stringify(review));
  return (JSON.parse(reviewed) as { readonly status: { readonly allowed: boolean } }).status.allowed;
}

interface CertificateOptions {
  readonly name: string;
  readonly commonName?: string;
  readonly organizations?: readonly string[];
  readonly usages?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly duration?: string;
}

/** Applies a Certificate for issuer fleet; what is left out is as the policy permits it. */
async function applyCertificate(options: CertificateOptions): Promise<void> {
  const { name, commonName = "web.demo", organizations = ["Example Corp"], dnsNames = [], duration = "24h" } = options;
  const certificate = {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name, namespace: "demo" },
    spec: {
      secretName: `${name}-tls`,
      ...(commonName === "" ? {} : { commonName }),
      subject: { organizations },
      ...(dnsNames.length === 0 ? {} : { dnsNames }),
      duration,
      privateKey: { algorithm: "ECDSA", size: 256 },
      usages: options.usages ?? ["client auth", "digital signature"],
      issuerRef: { group: "capstan.dev", kind: "CapstanClusterIssuer", name: "fleet" },
    },
  };
  await kubectl(["apply", "-f", "-"], JSON.stringify(certificate));
}

const conditionOf = (request: CertificateRequestObject, type: string) =>
  request.status?.conditions?.find((condition) => condition.type === type);

async function recordOf(request: CertificateRequestObject): Promise<unknown> {
  return getObject(environment, ["issuedcertificates", request.metadata.uid, "-n", "capstan-system"]);
}

describe("with approver-policy in cert-manager's place", () => {
  test("the-right-to-approve-is-its-own-alone", async () => {
    expect([await mayApprove("cert-manager"), await mayApprove("cert-manager-approver-policy")]).toEqual([false, true]);
  });

  test("a-certificate-that-the-policy-permits-is-approved-by-it-and-issued", async () => {
    await applyCertificate({ name: "permitted" });
    const request = await requestWith(environment, "permitted-1", "Issued");
    expect(conditionOf(request, "Approved")).toMatchObject({
      status: "True",
      reason: "policy.cert-manager.io",
      message: expect.stringContaining('Approved by CertificateRequestPolicy: "aws-workloads"'),
    });
    const leaf = new X509Certificate(Buffer.from(request.status?.certificate ?? "", "base64"));
    expect(leaf.subject).toBe("O=Example Corp\nCN=web.demo");
    expect(await recordOf(request)).toBeDefined();
  });

  test.each([
    { name: "another-organization", organizations: ["Other Corp"], field: "spec.allowed.subject.organizations" },
    { name: "no-organization", organizations: [], field: "spec.allowed.subject.organizations" },
    { name: "no-common-name", commonName: "", dnsNames: ["web.demo.svc"], field: "spec.allowed.commonName" },
    { name: "a-dns-name", dnsNames: ["web.demo.svc"], field: "spec.allowed.dnsNames" },
    { name: "another-usage", usages: ["client auth", "server auth"], field: "spec.allowed.usages" },
    { name: "a-longer-duration", duration: "2160h", field: "spec.constraints.maxDuration" },
  ])("a-certificate-with-$name-is-denied-by-it-and-told-so", async ({ field, ...options }) => {
    await applyCertificate(options);
    const request = await requestWith(environment, `${options.name}-1`, "Denied");
    expect(conditionOf(request, "Denied")).toMatchObject({ status: "True", message: expect.stringContaining(field) });
    expect(readyOf(request)).toMatchObject({
      status: "False",
      message: "The CertificateRequest was denied by an approval controller",
    });
    // cert-manager counts its backoff from it; without it the Certificate would hang.
    expect(request.status?.failureTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(request.status?.certificate).toBeUndefined();
    expect(await recordOf(request)).toBeUndefined();
    await until("cert-manager to end this try of the Certificate", async () => {
      const certificate = await getObject<CertificateObject>(environment, ["certificate", options.name, "-n", "demo"]);
      return certificate?.status?.lastFailureTime === undefined ? undefined : true;
    });
  });

  test("what-the-policy-permits-and-the-issuer-does-not-is-approved-and-fails", async () => {
    await applyCertificate({ name: "stolen-name", commonName: "web.kube-system" });
    const request = await requestWith(environment, "stolen-name-1", "Failed");
    expect(conditionOf(request, "Approved")?.status).toBe("True");
    expect(readyOf(request)?.message).toContain("ERR_POLICY_NAME");
    expect(await recordOf(request)).toBeUndefined();
  });
});

interface CertificateObject {
  readonly status?: { readonly lastFailureTime?: string };
}

interface EventObject {
  readonly type: string;
  readonly reason: string;
  readonly note: string;
  readonly reportingController: string;
}

describe("a request that no policy selects", () => {
  test("stays-unapproved-and-hears-after-a-minute-in-one-event-which-rule-is-missing", async () => {
    const event = await until("an event about the request", async () => (await eventsOf("unselected"))[0]);
    expect(event).toMatchObject({
      type: "Warning",
      reason: "NotApproved",
      reportingController: "capstan.dev/issuer-controller",
    });
    // Nobody told the controller of another approver.
    expect(event.note).toContain(
      "system:serviceaccount:cert-manager:cert-manager may not approve for signer capstanissuers.capstan.dev/demo.unselected",
    );
    expect(event.note).toContain('verbs: [approve], resourceNames: ["capstanissuers.capstan.dev/*"]');
    const request = await getRequest(environment, "unselected");
    expect(request?.status?.conditions ?? []).toEqual([]);
    // The API server's times have no fractions: it says up to a second too early when it was created.
    expect(Date.now() - unselectedAtMs).toBeGreaterThanOrEqual(59_000);
    expect(await eventsOf("unselected")).toHaveLength(1);
  });
});

async function eventsOf(request: string): Promise<readonly EventObject[]> {
  const list = await getObject<{ readonly items: readonly EventObject[] }>(environment, [
    "events.events.k8s.io",
    "-n",
    "demo",
    `--field-selector=regarding.kind=CertificateRequest,regarding.name=${request},reason=NotApproved`,
  ]);
  return list?.items ?? [];
}
