import { createHash, X509Certificate } from "node:crypto";
import { createReadStream } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { until } from "@capstan/test-cluster";
import type { IssuedCertificate, Revocation } from "@capstan/api";
import { AuditReader, compareWithLedger, type LedgerLeaf } from "@capstan/kube";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Environment } from "../src/environment.ts";
import { makeCsr, requestManifest } from "../src/requests.ts";
import { getObject, startDemo } from "../src/workload.ts";

let environment: Environment;

beforeAll(async () => {
  environment = await startDemo();
});

afterAll(async () => {
  await environment?.stop();
});

interface CertificateObject {
  readonly status?: {
    readonly revision?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

async function create(manifest: object | string): Promise<void> {
  const stdin = typeof manifest === "string" ? manifest : JSON.stringify(manifest);
  const { stderr, exitCode } = await environment.cluster.kubectl(["create", "-f", "-"], { stdin });
  expect([exitCode, stderr]).toEqual([0, ""]);
}

async function records(): Promise<readonly IssuedCertificate[]> {
  const list = await getObject<{ readonly items: readonly IssuedCertificate[] }>(environment, [
    "issuedcertificates",
    "-n",
    "capstan-system",
  ]);
  return list?.items ?? [];
}

/** The newest record of what a request belonged to. */
async function recordOf(owner: string): Promise<IssuedCertificate> {
  return until(`a ledger record of ${owner}`, async () => {
    const mine = (await records()).filter(({ spec }) => `${spec.owner?.kind}/${spec.owner?.name}` === owner);
    return mine.toSorted((one, other) => Date.parse(other.spec.notBefore) - Date.parse(one.spec.notBefore))[0];
  });
}

async function revoke(name: string, { metadata, spec }: IssuedCertificate, reissue: boolean): Promise<void> {
  await create({
    apiVersion: "capstan.dev/v1alpha1",
    kind: "Revocation",
    metadata: { name, namespace: spec.requestNamespace },
    spec: { target: { issuedCertificate: metadata.name }, reason: "keyCompromise", requestedBy: "admin", reissue },
  });
}

async function reissued(name: string, state: string): Promise<NonNullable<Revocation["status"]>["reissue"]> {
  return until(`the re-issue of Revocation ${name} to be ${state}`, async () => {
    const revocation = await getObject<Revocation>(environment, ["revocations", name, "-n", "demo"]);
    const { reissue } = revocation?.status ?? {};
    if (reissue?.state !== state) throw new Error(`it is ${JSON.stringify(reissue)}`);
    return reissue;
  });
}

async function serialIn(secret: string): Promise<string | undefined> {
  const found = await getObject<{ readonly data?: Readonly<Record<string, string>> }>(environment, [
    "secret",
    secret,
    "-n",
    "demo",
  ]);
  const pem = found?.data?.["tls.crt"];
  if (pem === undefined) return undefined;
  return new X509Certificate(Buffer.from(pem, "base64")).serialNumber.toLowerCase();
}

test("a-certificate-whose-leaf-is-revoked-is-renewed-once-by-cert-manager-and-holds-another", async () => {
  const before = await recordOf("Certificate/web");
  expect(await serialIn("web-tls")).toBe(before.spec.serial);
  await revoke("reissue-web", before, true);
  expect(await reissued("reissue-web", "Done")).toMatchObject({
    owner: "Certificate/web",
    message: "Certificate web holds another leaf",
  });
  const serial = await serialIn("web-tls");
  expect(serial).not.toBe(before.spec.serial);
  const after = await recordOf("Certificate/web");
  expect(after.spec.serial).toBe(serial);
  expect(after.spec.publicKeySha256).not.toBe(before.spec.publicKeySha256);
  const certificate = await getObject<CertificateObject>(environment, ["certificate", "web", "-n", "demo"]);
  expect(certificate?.status?.revision).toBe(2);
  expect(certificate?.status?.conditions?.some(({ type, status }) => type === "Issuing" && status === "True")).toBe(
    false,
  );
});

test("a-revocation-that-asks-for-none-renews-nothing", async () => {
  const record = await recordOf("Certificate/web");
  await revoke("no-reissue", record, false);
  await until("the Revocation to be accepted", async () => {
    const revocation = await getObject<Revocation>(environment, ["revocations", "no-reissue", "-n", "demo"]);
    return revocation?.status?.conditions?.find(({ type, status }) => type === "Accepted" && status === "True");
  });
  // Of two that are accepted in turn, the later one's renewal shows what has not become of the earlier.
  const certificate = await getObject<CertificateObject>(environment, ["certificate", "web", "-n", "demo"]);
  expect(certificate?.status?.revision).toBe(2);
});

/** A pod as the API server takes it; no kubelet runs it. */
function podManifest(name: string, volume: object, isStartedAgain: boolean): object {
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "absent", controller: true };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "demo",
      labels: { app: name },
      ...(isStartedAgain ? { ownerReferences: [{ ...owner, uid: replicaSetUid }] } : {}),
    },
    spec: {
      automountServiceAccountToken: false,
      containers: [{ name: "web", image: "web" }],
      volumes: [{ name: "tls", ...volume }],
    },
  };
}

let replicaSetUid = "";
const csi = {
  csi: {
    driver: "csi.cert-manager.io",
    readOnly: true,
    volumeAttributes: { "csi.cert-manager.io/issuer-name": "fleet" },
  },
};

/** A leaf as the csi-driver asks for it: the request's owner is the pod. */
async function leafOfPod(name: string): Promise<IssuedCertificate> {
  const pod = await getObject<{ readonly metadata: { readonly uid: string } }>(environment, [
    "pod",
    name,
    "-n",
    "demo",
  ]);
  const csr = await makeCsr({ subject: "/CN=web.demo", key: "ec:P-256" });
  const manifest = JSON.parse(requestManifest({ name: `of-${name}`, csr })) as { metadata: object };
  const owner = { apiVersion: "v1", kind: "Pod", name, uid: pod?.metadata.uid };
  await create({ ...manifest, metadata: { ...manifest.metadata, ownerReferences: [owner] } });
  return recordOf(`Pod/${name}`);
}

test("a-pod-with-a-volume-of-the-csi-driver-is-evicted-as-soon-as-its-disruption-budget-allows-it-and-no-other-pod-is", async () => {
  // Zero replicas: the ReplicaSet only stands for what would start the pod again.
  await create(`
apiVersion: apps/v1
kind: ReplicaSet
metadata: { name: absent, namespace: demo }
spec:
  replicas: 0
  selector: { matchLabels: { app: absent } }
  template: { metadata: { labels: { app: absent } }, spec: { containers: [{ name: web, image: web }] } }
`);
  const replicaSet = await getObject<{ readonly metadata: { readonly uid: string } }>(environment, [
    "replicaset",
    "absent",
    "-n",
    "demo",
  ]);
  replicaSetUid = replicaSet?.metadata.uid ?? "";
  await create(podManifest("mounts", csi, true));
  await create(podManifest("bare", csi, false));
  await create(podManifest("named", { emptyDir: {} }, true));
  await create(podManifest("held", csi, true));
  await create(`
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: held, namespace: demo }
spec: { minAvailable: 1, selector: { matchLabels: { app: held } } }
`);
  // A pod that was never started may always be evicted.
  const running = JSON.stringify({ status: { phase: "Running" } });
  await environment.cluster.kubectl(["patch", "pod", "held", "-n", "demo", "--subresource=status", "-p", running]);
  for (const name of ["held", "mounts", "bare", "named"]) await revoke(`pod-${name}`, await leafOfPod(name), true);

  expect(await reissued("pod-mounts", "Done")).toMatchObject({ owner: "Pod/mounts" });
  expect(await reissued("pod-bare", "Impossible")).toMatchObject({
    message: "nothing would start Pod bare again; delete it when you can do without it",
  });
  expect(await reissued("pod-named", "Impossible")).toMatchObject({
    message: "Pod named has no volume of csi.cert-manager.io",
  });
  expect(await reissued("pod-held", "Waiting")).toMatchObject({
    message: expect.stringContaining("Pod held may not be evicted now") as unknown,
  });
  expect(await getObject(environment, ["pod", "held", "-n", "demo"])).toBeDefined();
  await environment.cluster.kubectl(["delete", "poddisruptionbudget", "held", "-n", "demo"]);
  await reissued("pod-held", "Done");
  for (const name of ["held", "mounts"])
    expect(await getObject(environment, ["pod", name, "-n", "demo"])).toBeUndefined();
  for (const name of ["bare", "named"]) expect(await getObject(environment, ["pod", name, "-n", "demo"])).toBeDefined();
});

function leafOf({ metadata, spec }: IssuedCertificate): LedgerLeaf {
  const { authority, generation, serial, certificate } = spec;
  return {
    name: metadata.name,
    authority,
    generation,
    serial,
    sha256: createHash("sha256").update(new X509Certificate(certificate).raw).digest("hex"),
    createdAt: new Date(metadata.creationTimestamp ?? ""),
  };
}

test("the-audit-logs-of-both-controllers-tell-of-every-leaf-in-the-ledger-and-of-no-other", async () => {
  const reader = new AuditReader();
  for (const program of ["issuer-controller", "crl-publisher"]) {
    const input = createReadStream(path.join(environment.cluster.logs, `${program}.log`));
    for await (const line of createInterface({ input })) reader.read(line);
  }
  const reading = reader.finish();
  const now = new Date();
  const ledger = await records();
  const compared = compareWithLedger({ reading, leaves: ledger.map(leafOf), now, retentionMs: 86_400_000, graceMs: 0 });
  expect(reading.faults).toEqual([]);
  expect(reading.chains.map(({ program }) => program).toSorted()).toEqual([
    "capstan-crl-publisher",
    "capstan-issuer-controller",
  ]);
  expect(new Set(reading.signatures.map(({ purpose }) => purpose))).toContain("Root");
  expect(reading.signatures.filter(({ outcome }) => outcome !== "signed")).toEqual([]);
  expect(compared).toEqual({
    neverReleased: [],
    withoutLine: [],
    differing: [],
    serialsTwice: [],
    matched: ledger.length,
    pruned: 0,
    inFlight: 0,
    beforeLog: 0,
  });
});
