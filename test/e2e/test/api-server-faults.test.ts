import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { until } from "@capstan/test-cluster";
import { createLogger, KubeClient, type KubeObject, loadKubeConnection, Reflector } from "@capstan/kube";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Environment } from "../src/environment.ts";
import { type CertificateRequestObject, getRequest, makeCsr, readyOf, requestManifest } from "../src/requests.ts";
import { getObject, startDemo } from "../src/workload.ts";

// Outages below a running issuer: of the API server, of etcd, and of cert-manager's webhook after a leaf was signed.

const minute = 60_000;

let environment: Environment;
let csr: Uint8Array;

beforeAll(async () => {
  environment = await startDemo();
  csr = await makeCsr({ subject: "/CN=web.demo", key: "ec:P-256" });
}, 20 * minute);

afterAll(async () => {
  await environment?.stop();
});

interface LedgerRecord {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly serial: string; readonly certificate: string; readonly requestName?: string };
}

/** Every record of the ledger for requests whose names begin so. */
async function recordsOf(prefix: string): Promise<readonly LedgerRecord[]> {
  const list = await getObject<{ readonly items: readonly LedgerRecord[] }>(environment, [
    "issuedcertificates",
    "-n",
    "capstan-system",
  ]);
  return (list?.items ?? []).filter(({ spec }) => spec.requestName?.startsWith(prefix) === true);
}

function listOf(manifests: readonly string[]): string {
  return JSON.stringify({ apiVersion: "v1", kind: "List", items: manifests.map((text) => JSON.parse(text)) });
}

async function create(...manifests: readonly string[]): Promise<void> {
  const stdin = listOf(manifests);
  const created = await environment.cluster.kubectl(["create", "-f", "-"], { stdin });
  if (created.exitCode !== 0) throw new Error(created.stderr);
}

/** As a kubelet would: a program that lost its lease has ended, and is started again. */
async function keepRunning(program: "issuer-controller" | "crl-publisher"): Promise<void> {
  const isAlive = await fetch(`${environment.healthOf(program)}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );
  if (!isAlive) await environment.restart(program);
}

function leafOf(request: CertificateRequestObject | undefined): X509Certificate | undefined {
  const text = request?.status?.certificate;
  return text === undefined ? undefined : new X509Certificate(Buffer.from(text, "base64"));
}

describe("a reflector", () => {
  test("decides by itself what a real API server cannot select", async () => {
    const { adminKubeconfig } = environment.cluster;
    const client = new KubeClient(loadKubeConnection({ kubeconfig: adminKubeconfig }), { userAgent: "selection" });
    const lines: string[] = [];
    const log = createLogger({ program: "test", to: { write: (line) => void lines.push(line) } });
    const type = {
      group: "capstan.dev",
      version: "v1alpha1",
      plural: "issuedcertificates",
      kind: "IssuedCertificate",
      namespaced: true,
    };
    const reflector = new Reflector<KubeObject & LedgerRecord>({
      client,
      type,
      log,
      fieldSelector: "spec.certificate=none",
      selects: ({ spec }) => spec.requestName === "web-1",
      transform: ({ apiVersion, kind, metadata, spec: { serial } }) => ({
        apiVersion,
        kind,
        metadata,
        spec: { serial, certificate: "" },
      }),
    });
    const stop = new AbortController();
    const running = reflector.run(stop.signal);
    try {
      await reflector.whenSynced(AbortSignal.timeout(minute));
      expect(lines.join("")).toContain("the server refuses the field selector");
      expect((await recordsOf("")).length).toBeGreaterThanOrEqual(1);
      const [kept, ...others] = reflector.store.list();
      expect(others).toEqual([]);
      expect(kept?.spec).toEqual({ serial: (await recordsOf("web-1"))[0]?.spec.serial, certificate: "" });
      expect(kept?.metadata).not.toHaveProperty("managedFields");
    } finally {
      stop.abort();
      await running;
      await client.close();
    }
  });
});

describe("kill -9 and a new start", () => {
  test.each(["kube-apiserver", "etcd"])(
    "of %s under a running issuer: every request of before, meanwhile and after gets one leaf, and none two",
    async (process) => {
      const { cluster } = environment;
      const prefix = `outage-${process}`;
      const names = (when: string): readonly string[] =>
        Array.from({ length: 20 }, (_, index) => `${prefix}-${when}-${index}`);
      await create(...names("before").map((name) => requestManifest({ name, csr })));
      await until("the first leaf", async () => ((await recordsOf(prefix)).length > 0 ? true : undefined));
      await cluster.killProcess(process);
      await cluster.startProcessAgain(process);
      await until("the API to answer", async () => {
        const { exitCode } = await cluster.kubectl(["get", "--raw=/readyz"]);
        return exitCode === 0 ? true : undefined;
      });
      // cert-manager's webhook may be called again only a moment later. Those that were taken before it failed are there already.
      await until("requests to be admitted", async () => {
        await cluster.apply(["-f", "-"], listOf(names("after").map((name) => requestManifest({ name, csr }))));
        return true;
      });
      const issued = await until(
        "all to be issued",
        async () => {
          await keepRunning("issuer-controller");
          const all = [...names("before"), ...names("after")];
          const found = await getObject<{ readonly items: readonly CertificateRequestObject[] }>(environment, [
            "certificaterequests",
            "-n",
            "demo",
          ]);
          const requests = all.map((name) => found?.items.find(({ metadata }) => metadata.name === name));
          return requests.every((request) => readyOf(request)?.reason === "Issued") ? requests : undefined;
        },
        5 * minute,
      );
      const records = await recordsOf(prefix);
      const serials = issued.map((request) => leafOf(request)?.serialNumber.toLowerCase() ?? "");
      expect(records.map(({ spec }) => spec.serial).toSorted()).toEqual(serials.toSorted());
      expect(new Set(serials).size).toBe(40);
      expect(records.map(({ metadata }) => metadata.name).toSorted()).toEqual(
        issued.map((request) => request?.metadata.uid ?? "").toSorted(),
      );
      await keepRunning("crl-publisher");
    },
    10 * minute,
  );
});

describe("cert-manager's webhook", () => {
  test(
    "down after a leaf was signed: it is in the ledger, and once the webhook is back that one is handed out",
    async () => {
      const { cluster } = environment;
      // The request waits for an issuer that is not there yet, so that nothing is signed before the webhook is gone.
      const manifest = JSON.parse(requestManifest({ name: "webhook-1", csr })) as {
        readonly spec: { readonly issuerRef: Record<string, string> };
      };
      manifest.spec.issuerRef["name"] = "late";
      await create(JSON.stringify(manifest));
      const { metadata } = await until("the request to wait for its issuer", async () => {
        const request = await getRequest(environment, "webhook-1");
        return readyOf(request)?.reason === "Pending" ? request : undefined;
      });
      await cluster.killProcess("cert-manager-webhook");
      const fleet = await getObject<{ readonly spec: unknown }>(environment, ["capstanclusterissuer", "fleet"]);
      const late = { apiVersion: "capstan.dev/v1alpha1", kind: "CapstanClusterIssuer", metadata: { name: "late" } };
      await create(JSON.stringify({ ...late, spec: fleet?.spec }));

      const record = await until("the ledger record", async () =>
        (await recordsOf("webhook-1")).find(({ metadata: { name } }) => name === metadata.uid),
      );
      await until("two attempts to write the status", async () => ((await refusedWrites()) >= 2 ? true : undefined));
      expect(leafOf(await getRequest(environment, "webhook-1"))).toBeUndefined();

      await cluster.startProcessAgain("cert-manager-webhook");
      const issued = await until(
        "the request to be issued",
        async () => {
          const request = await getRequest(environment, "webhook-1");
          return readyOf(request)?.reason === "Issued" ? request : undefined;
        },
        5 * minute,
      );
      expect(leafOf(issued)?.serialNumber.toLowerCase()).toBe(record.spec.serial);
      expect(leafOf(issued)?.raw).toEqual(new X509Certificate(record.spec.certificate).raw);
      expect(await recordsOf("webhook-1")).toEqual([record]);
    },
    10 * minute,
  );
});

/** Status writes of the request that the API server refused because it could not ask the webhook. */
async function refusedWrites(): Promise<number> {
  const audit = (await readFile(environment.cluster.auditLog, "utf8")).split("\n");
  return audit.filter(
    (line) =>
      line.includes("/certificaterequests/webhook-1/status?") &&
      line.includes('"verb":"patch"') &&
      line.includes("system:serviceaccount:capstan-system:issuer-controller") &&
      line.includes('"code":500'),
  ).length;
}
