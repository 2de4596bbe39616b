import { createPrivateKey } from "node:crypto";
import { readdir, readlink } from "node:fs/promises";
import path from "node:path";
import { until } from "@capstan/test-cluster";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { publishVolume, type Volume, type VolumeFiles, type VolumeOptions } from "../src/csi-volume.ts";
import type { Environment } from "../src/environment.ts";
import { type CertificateRequestObject, readyOf, requestWith } from "../src/requests.ts";
import { untilAllowed } from "../src/rights.ts";
import { assumeRole, getObject, startDemo } from "../src/workload.ts";

// What a pod gets that mounts a volume of cert-manager's csi-driver with token requests: see src/csi-volume.ts.

let environment: Environment;
const volumes: Volume[] = [];

beforeAll(async () => {
  environment = await startDemo();
  await apply(`
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: csi-requester, namespace: demo }
rules:
  - { apiGroups: [cert-manager.io], resources: [certificaterequests], verbs: [create, get] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: csi-requester, namespace: demo }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: csi-requester }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:serviceaccounts:demo" }]
`);
  for (const account of ["web", "batch"]) {
    await apply(`
apiVersion: v1
kind: ServiceAccount
metadata: { name: ${account}, namespace: demo }
---
apiVersion: v1
kind: Pod
metadata: { name: ${account}-0, namespace: demo }
spec: { serviceAccountName: ${account}, containers: [{ name: app, image: app }] }
`);
  }
  await untilAllowed(environment.cluster, ["create", "certificaterequests.cert-manager.io", "-n", "demo"], {
    as: ["--as=system:serviceaccount:demo:web", "--as-group=system:serviceaccounts:demo"],
  });
});

afterEach(async () => {
  for (const volume of volumes.splice(0)) await volume.unpublish();
});

afterAll(async () => {
  await environment?.stop();
});

async function apply(manifests: string): Promise<void> {
  const applied = await environment.cluster.kubectl(["apply", "-f", "-"], { stdin: manifests });
  if (applied.exitCode !== 0) throw new Error(applied.stderr);
}

type Attributes = VolumeOptions["attributes"];

async function publish(pod: string, attributes: Partial<Attributes> = {}): Promise<Volume> {
  const volume = await publishVolume(environment, {
    namespace: "demo",
    pod,
    attributes: { "issuer-name": "fleet", "common-name": "web.demo", duration: "24h", ...attributes },
  });
  volumes.push(volume);
  return volume;
}

interface RequestOfPod extends CertificateRequestObject {
  readonly spec: { readonly username: string; readonly extra?: Readonly<Record<string, readonly string[]>> };
}

async function requestsOf(pod: string): Promise<readonly RequestOfPod[]> {
  const args = ["certificaterequests", "-n", "demo", `--selector=capstan.test/pod=${pod}`];
  return (await getObject<{ readonly items: readonly RequestOfPod[] }>(environment, args))?.items ?? [];
}

interface Record_ {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly serial: string; readonly requester: string };
}

async function recordOf({ certificate }: VolumeFiles): Promise<Record_ | undefined> {
  const serial = certificate.serialNumber.toLowerCase();
  const args = ["issuedcertificates", "-n", "capstan-system", `--field-selector=spec.serial=${serial}`];
  return (await getObject<{ readonly items: readonly Record_[] }>(environment, args))?.items[0];
}

function isPair({ certificate, privateKey }: VolumeFiles): boolean {
  return certificate.checkPrivateKey(createPrivateKey(privateKey));
}

/** Exchanges the volume's certificate for AWS credentials by AWS's own helper. */
async function assume({ directory }: Volume): Promise<unknown> {
  // The helper reads one file after the other: of one set, also when the volume is renewed in between.
  const set = path.join(directory, await readlink(path.join(directory, "..data")));
  return assumeRole(environment, { certificate: path.join(set, "tls.crt"), privateKey: path.join(set, "tls.key") });
}

describe("a pod's volume", () => {
  test("holds-a-leaf-its-key-and-its-root-and-aws-takes-it", async () => {
    const volume = await publish("web-0");
    const files = await volume.read();
    expect(files.certificate.subject).toBe("CN=web.demo");
    expect(files.certificate.verify(files.ca.publicKey)).toBe(true);
    expect(isPair(files)).toBe(true);
    await expect(assume(volume)).resolves.toHaveProperty("AccessKeyId");
  });

  test("is-requested-by-the-pods-own-service-account-and-the-ledger-says-so", async () => {
    const volume = await publish("web-0");
    const requester = "system:serviceaccount:demo:web";
    const record = await recordOf(await volume.read());
    expect(record?.spec.requester).toBe(requester);
    const request = (await requestsOf("web-0")).find(({ metadata }) => metadata.uid === record?.metadata.name);
    expect(request?.spec.username).toBe(requester);
    expect(request?.spec.extra?.["authentication.kubernetes.io/pod-name"]).toEqual(["web-0"]);
  });

  test("is-renewed-before-its-leaf-ends-with-a-new-key-and-both-leaves-stay-in-the-ledger", async () => {
    // Ten minutes are the least that the issuer gives, and a twelfth of them has passed: renewed after some three seconds.
    const volume = await publish("web-0", { duration: "10m", renewBeforeMs: 547_000 });
    const first = await volume.read();
    const second = await until("the volume to be renewed", async () => {
      const files = await volume.read();
      // Whenever a reader comes, certificate and key belong together.
      expect(isPair(files)).toBe(true);
      return Date.parse(files.certificate.validTo) > Date.parse(first.certificate.validTo) ? files : undefined;
    });
    expect(Date.now()).toBeLessThan(Date.parse(first.certificate.validTo));
    expect(second.privateKey).not.toBe(first.privateKey);
    const records = [await recordOf(first), await recordOf(second)];
    expect(records.map((record) => record?.spec.requester)).toEqual(
      Array.from({ length: 2 }, () => "system:serviceaccount:demo:web"),
    );
    // The driver deletes the request before: the ledger needs it no more.
    await until("the first request to be deleted", async () => {
      const requests = await requestsOf("web-0");
      return requests.some(({ metadata }) => metadata.uid === records[0]?.metadata.name) ? undefined : true;
    });
    await expect(assume(volume)).resolves.toHaveProperty("AccessKeyId");
  });

  test("is-empty-when-it-was-unpublished", async () => {
    const volume = await publish("web-0");
    await volume.unpublish();
    await expect(readdir(volume.directory)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("a volume is refused", () => {
  test("with-the-drivers-default-duration-and-the-cure-named", async () => {
    const attributes = { "issuer-name": "fleet", "common-name": "never-issued.demo" };
    const refused = publishVolume(environment, { namespace: "demo", pod: "web-0", attributes });
    await expect(refused).rejects.toThrow(/2160h.*maxLeafDuration of 168h.*overMaximum: Clamp/s);
  });

  test("with-a-name-of-another-namespace", async () => {
    await expect(publish("web-0", { "common-name": "web.kube-system" })).rejects.toThrow("ERR_POLICY_NAME");
  });

  test("to-a-service-account-that-may-not-create-requests-in-its-namespace", async () => {
    await apply("{ apiVersion: v1, kind: Namespace, metadata: { name: stranger, labels: { aws: allowed } } }");
    await apply(`
apiVersion: v1
kind: ServiceAccount
metadata: { name: web, namespace: stranger }
---
apiVersion: v1
kind: Pod
metadata: { name: web-0, namespace: stranger }
spec: { serviceAccountName: web, containers: [{ name: app, image: app }] }
`);
    const attributes = { "issuer-name": "fleet", "common-name": "web.stranger", duration: "24h" };
    const refused = publishVolume(environment, { namespace: "stranger", pod: "web-0", attributes });
    await expect(refused).rejects.toMatchObject({ code: 403 });
  });
});

describe("an issuer that clamps", () => {
  test("gives-the-drivers-default-duration-what-its-authority-allows", async () => {
    const fleet = await getObject<{ readonly spec: object }>(environment, ["capstanclusterissuer", "fleet"]);
    const clamping = {
      apiVersion: "capstan.dev/v1alpha1",
      kind: "CapstanClusterIssuer",
      metadata: { name: "clamping" },
      spec: { ...fleet?.spec, overMaximum: "Clamp" },
    };
    await apply(JSON.stringify(clamping));
    const volume = await publish("web-0", { "issuer-name": "clamping", duration: "2160h" });
    const { certificate } = await volume.read();
    expect(Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)).toBe(168 * 3_600_000);
  });
});

describe("an issuer that demands the service account", () => {
  beforeAll(async () => {
    await apply(`
apiVersion: capstan.dev/v1alpha1
kind: CapstanClusterIssuer
metadata: { name: attested }
spec:
  caRef: { name: fleet }
  policy: { commonName: { allow: ["{serviceAccount}.{namespace}", "{podName}.{namespace}"], required: true } }
  attestation: ServiceAccount
`);
  });

  // A name that was released before and is refused now may be an edit of the policy, and waits: so these come first.
  test.each([
    ["batch-0", "web.demo"],
    ["web-0", "batch.demo"],
    ["batch-0", "web-0.demo"],
    ["web-0", "cert-manager.demo"],
  ])("refuses-pod-%s-the-name-%s", async (pod, name) => {
    const refused = publish(pod, { "issuer-name": "attested", "common-name": name });
    await expect(refused).rejects.toThrow("ERR_POLICY_NAME");
  });

  test("refuses-a-certificate-which-cert-manager-asks-for-in-its-own-name", async () => {
    await apply(`
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: { name: unattested, namespace: demo }
spec:
  secretName: unattested-tls
  commonName: web.demo
  duration: 24h
  privateKey: { algorithm: ECDSA, size: 256 }
  usages: [client auth, digital signature]
  issuerRef: { group: capstan.dev, kind: CapstanClusterIssuer, name: attested }
`);
    const request = await requestWith(environment, "unattested-1", "Failed");
    expect(readyOf(request)?.message).toContain("cert-manager made it for a Certificate");
  });

  test.each([
    ["web-0", "web.demo"],
    ["batch-0", "batch.demo"],
    ["web-0", "web-0.demo"],
  ])("gives-pod-%s-the-name-%s", async (pod, name) => {
    const volume = await publish(pod, { "issuer-name": "attested", "common-name": name });
    expect((await volume.read()).certificate.subject).toBe(`CN=${name}`);
  });
});
