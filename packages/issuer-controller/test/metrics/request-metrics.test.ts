import { createMetrics, formatMetricTable, type KubeObject } from "@capstan/kube";
import { expect, test } from "vitest";
import { ledgerMetricTable } from "../../src/ledger/ledger-metrics.ts";
import {
  createRequestMetrics,
  requestMetricTable,
  type RequestMetricsState,
} from "../../src/metrics/request-metrics.ts";
import { World } from "../support/world.ts";

type Registry = ReturnType<typeof createMetrics>["registry"];

/** The lines of metrics whose names begin so, with a value other than 0. */
async function told(registry: Registry, prefix: string): Promise<readonly string[]> {
  const text = await registry.metrics();
  return text.split("\n").filter((line) => line.startsWith(prefix) && !line.endsWith(" 0"));
}

const now = new Date("2026-11-22T12:00:00Z");
const at = (secondsAgo: number): string => new Date(now.getTime() - secondsAgo * 1000).toISOString();

function request(name: string, secondsAgo: number, conditions: readonly string[]): KubeObject {
  return {
    metadata: { name, namespace: "demo", uid: name, creationTimestamp: at(secondsAgo) },
    spec: { issuerRef: { group: "capstan.dev", kind: "CapstanClusterIssuer", name: "fleet" }, request: "" },
    status: {
      conditions: conditions.map((condition) => {
        const [type = "", reason = ""] = condition.split(":");
        return { type, reason, status: type === "Ready" && reason !== "Issued" ? "False" : "True" };
      }),
    },
  } as unknown as KubeObject;
}

function signingRequest(name: string, secondsAgo: number, conditions: readonly string[]): KubeObject {
  return {
    metadata: { name, uid: name, creationTimestamp: at(secondsAgo) },
    spec: { signerName: "capstanclusterissuers.capstan.dev/fleet", request: "" },
    status: { conditions: conditions.map((type) => ({ type, status: "True" })) },
  } as unknown as KubeObject;
}

function issuer(name: string, ready: string | undefined, namespace?: string): KubeObject {
  const conditions = ready === undefined ? [] : [{ type: "Ready", status: ready }];
  return {
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    status: { conditions },
  } as unknown as KubeObject;
}

/** Metrics that are read from these objects. */
function metricsOf(
  objects: Partial<Record<"requests" | "signingRequests" | "issuers" | "clusterIssuers", KubeObject[]>>,
) {
  const runtime = createMetrics();
  const listOf = (list: readonly KubeObject[] = []): { readonly list: () => never } => ({ list: () => list as never });
  const state: RequestMetricsState = {
    requests: listOf(objects.requests),
    signingRequests: listOf(objects.signingRequests),
    issuers: { CapstanIssuer: listOf(objects.issuers), CapstanClusterIssuer: listOf(objects.clusterIssuers) },
    now: () => now,
  };
  return { registry: runtime.registry, metrics: createRequestMetrics(runtime, state) };
}

test("requests wait for approval or for signing, the oldest with its age; answered ones do not wait", async () => {
  const { registry } = metricsOf({
    requests: [
      request("unapproved", 90, []),
      request("new", 3, []),
      request("approved", 700, ["Approved:x"]),
      request("pending", 40, ["Approved:x", "Ready:Pending"]),
      request("issued", 9_000, ["Approved:x", "Ready:Issued"]),
      request("failed", 9_000, ["Approved:x", "Ready:Failed"]),
      request("denied", 9_000, ["Denied:x", "Ready:Denied"]),
    ],
    signingRequests: [
      signingRequest("a", 5, []),
      signingRequest("b", 6, ["Approved"]),
      signingRequest("c", 7, ["Denied"]),
    ],
  });
  expect([
    ...(await told(registry, "capstan_requests_waiting")),
    ...(await told(registry, "capstan_requests_oldest")),
  ]).toEqual([
    'capstan_requests_waiting{kind="CertificateRequest",for="approval"} 2',
    'capstan_requests_waiting{kind="CertificateRequest",for="signing"} 2',
    'capstan_requests_waiting{kind="CertificateSigningRequest",for="approval"} 1',
    'capstan_requests_waiting{kind="CertificateSigningRequest",for="signing"} 1',
    'capstan_requests_oldest_waiting_seconds{kind="CertificateRequest",for="approval"} 90',
    'capstan_requests_oldest_waiting_seconds{kind="CertificateRequest",for="signing"} 700',
    'capstan_requests_oldest_waiting_seconds{kind="CertificateSigningRequest",for="approval"} 5',
    'capstan_requests_oldest_waiting_seconds{kind="CertificateSigningRequest",for="signing"} 6',
  ]);
});

test("without requests nothing waits, and the series are there", async () => {
  const { registry } = metricsOf({});
  const text = await registry.metrics();
  expect(text).toContain('capstan_requests_waiting{kind="CertificateRequest",for="signing"} 0\n');
  expect(text).toContain('capstan_requests_total{kind="CertificateSigningRequest",outcome="Failed"} 0\n');
});

test.each([
  ["True", "1"],
  ["False", "0"],
  ["Unknown", "0"],
  [undefined, "0"],
])("an issuer whose Ready is %s counts %s", async (ready, value) => {
  const { registry } = metricsOf({ issuers: [issuer("web", ready, "demo")], clusterIssuers: [issuer("fleet", ready)] });
  const text = await registry.metrics();
  expect(text).toContain(`capstan_issuer_ready{kind="CapstanIssuer",issuer="demo/web"} ${value}\n`);
  expect(text).toContain(`capstan_issuer_ready{kind="CapstanClusterIssuer",issuer="fleet"} ${value}\n`);
});

test("an issuer that is gone is told no more", async () => {
  const clusterIssuers = [issuer("fleet", "True")];
  const { registry } = metricsOf({ clusterIssuers });
  expect(await told(registry, "capstan_issuer_ready")).toHaveLength(1);
  clusterIssuers.pop();
  expect(await told(registry, "capstan_issuer_ready")).toEqual([]);
});

test("the time to issue is counted for what was issued alone, and never below zero", async () => {
  const { registry, metrics } = metricsOf({});
  metrics.told(request("a", 3, []), "CertificateRequest", "Issued");
  metrics.told(request("ahead", -5, []), "CertificateRequest", "Issued");
  metrics.told(request("b", 500, []), "CertificateRequest", "Failed");
  expect(await told(registry, "capstan_issuing_seconds_")).toContain(
    'capstan_issuing_seconds_sum{kind="CertificateRequest"} 3',
  );
  expect(await told(registry, "capstan_issuing_seconds_count")).toEqual([
    'capstan_issuing_seconds_count{kind="CertificateRequest"} 2',
  ]);
});

test("a rule that a request breaks twice counts once", async () => {
  const { registry, metrics } = metricsOf({});
  metrics.refused(["ERR_A", "ERR_B", "ERR_A"]);
  expect(await told(registry, "capstan_requests_refused_total")).toEqual([
    'capstan_requests_refused_total{code="ERR_A"} 1',
    'capstan_requests_refused_total{code="ERR_B"} 1',
  ]);
});

test("the reconciler counts what it tells a request once, however often it looks", async () => {
  await using world = await World.start();
  await world.reconcile();
  await world.reconcile();
  expect(await told(world.metrics.registry, "capstan_requests_total")).toEqual([
    'capstan_requests_total{kind="CertificateRequest",outcome="Issued"} 1',
  ]);
});

// vitest -u writes it anew.
test("the reference says what the tables say", async () => {
  const reference = `# Metrics of the issuer controller

Written from the tables in \`packages/issuer-controller/src\`. The runtime's own metrics have the names that controller-runtime gives
them, and are served beside these at \`/metrics\` of the health address.

Replicas that stand by tell the same gauges of requests and issuers as the leader; the counters and the ledger's are the leader's alone.

${formatMetricTable({ ...requestMetricTable, ...ledgerMetricTable })}`;
  await expect(reference).toMatchFileSnapshot("../../../../docs/reference/issuer-metrics.md");
});

test("signatures are counted by what they were for and what became of them", async () => {
  const { registry, metrics } = metricsOf({});
  const of = { authority: "fleet", generation: 1 } as const;
  metrics.signature({ ...of, purpose: "Leaf", serial: "4f1c" }, "Signed");
  metrics.signature({ ...of, purpose: "Leaf", serial: "4f1d" }, "Signed");
  metrics.signature({ ...of, purpose: "Leaf", serial: "4f1e" }, "Failed");
  metrics.signature({ ...of, purpose: "Probe" }, "Signed");
  expect(await told(registry, "capstan_signatures_total")).toEqual([
    'capstan_signatures_total{authority="fleet",generation="1",purpose="Leaf",result="Signed"} 2',
    'capstan_signatures_total{authority="fleet",generation="1",purpose="Leaf",result="Failed"} 1',
    'capstan_signatures_total{authority="fleet",generation="1",purpose="Probe",result="Signed"} 1',
  ]);
});
