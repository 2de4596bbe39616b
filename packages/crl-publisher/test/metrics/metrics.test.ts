import { apiVersion, type CertificateAuthority, type RevocationList } from "@capstan/api";
import { ownCommonName } from "@capstan/ca-core";
import { createMetrics, formatMetricTable } from "@capstan/kube";
import { describe, expect, test } from "vitest";
import type { ConfigMap } from "../../src/crl/config-map.ts";
import { ownCredentialsMetricTable } from "../../src/metrics/own-credentials-metrics.ts";
import {
  createPublisherMetrics,
  type PublisherMetrics,
  publisherMetricTable,
} from "../../src/metrics/publisher-metrics.ts";
import { createServerMetrics, serverMetricTable } from "../../src/metrics/server-metrics.ts";
import { newGeneration } from "../support/generation.ts";
import { after, type AnchorSpec, authority, day, hour, minute, now, prod } from "../support/objects.ts";
import { signedCrl } from "../support/signed-crl.ts";

type Registry = ReturnType<typeof createMetrics>["registry"];

/** The lines of a metric, less what Prometheus' text format says about it. */
async function lines(registry: Registry, name: string): Promise<readonly string[]> {
  const all = (await registry.metrics()).split("\n");
  return all.filter((line) => line.startsWith(name) && !line.startsWith("#"));
}

const labels = 'authority="fleet",generation="2"';
const seconds = now.getTime() / 1_000;

/** A publisher whose caches hold these. */
function publisher(
  authorities: readonly CertificateAuthority[] = [],
  lists: readonly RevocationList[] = [],
  aws?: number,
): { readonly registry: Registry; readonly metrics: PublisherMetrics } {
  const runtime = createMetrics();
  const metrics = createPublisherMetrics(runtime, {
    authorities: { list: () => authorities },
    lists: { list: () => lists },
    clocks: { kubernetes: () => now.getTime() + 2_500, aws: () => aws },
    now: () => now,
  });
  return { registry: runtime.registry, metrics };
}

const list: RevocationList = {
  apiVersion,
  kind: "RevocationList",
  metadata: { name: "fleet-2", namespace: "capstan-system" },
  spec: {
    authority: "fleet",
    generation: 2,
    crlNumber: 8,
    blockedKeys: [{ sha256: "1".repeat(64), at: now.toISOString(), requestedBy: "alice" }],
  },
  status: {
    published: {
      number: 7,
      entries: 2,
      thisUpdate: now.toISOString(),
      nextUpdate: after(day).toISOString(),
      sha256: "0".repeat(64),
    },
    capacity: { percent: 25, characters: 75_000, entries: 3, reasons: "Listed", waiting: 4 },
  },
};

type Status = NonNullable<CertificateAuthority["status"]>;
const crl = { number: 7, thisUpdate: after(-minute).toISOString(), nextUpdate: after(day).toISOString(), entries: 2 };
const far: AnchorSpec = { ...prod, name: "far" };
const spec = { trustAnchors: [prod, far] };
const root = "a".repeat(64);
const status: Status = {
  generations: [
    {
      number: 2,
      phase: "Draining",
      phaseSince: after(-hour).toISOString(),
      fingerprint: root,
      notAfter: after(day).toISOString(),
      crl,
    },
  ],
  trustAnchors: [
    { name: "prod", joined: true, readAt: now.toISOString(), bundle: [root], crls: [{ generation: 2, number: 7 }] },
    {
      name: "far",
      arn: "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/11111111-aaaa-4bbb-8ccc-222222222222",
      joined: false,
      readAt: after(-day).toISOString(),
      bundle: [root],
      crls: [
        { generation: 2, number: 6, thisUpdate: after(-hour).toISOString() },
        { generation: 9, number: 1 },
      ],
    },
  ],
  conditions: [
    { type: "Ready", status: "True", reason: "Issuing", lastTransitionTime: now.toISOString() },
    { type: "CRLCapacity", status: "Unknown", reason: "Any", lastTransitionTime: now.toISOString() },
  ],
};

describe("the publisher tells", () => {
  test("each-metric-of-its-table-and-no-other", () => {
    const before = new Set(
      createMetrics()
        .registry.getMetricsAsArray()
        .map(({ name }) => name),
    );
    const added = publisher()
      .registry.getMetricsAsArray()
      .map(({ name }) => name);
    expect(added.filter((name) => !before.has(name))).toEqual(Object.keys(publisherMetricTable));
  });

  test("the-marks-that-were-seen-last-of-authorities-that-there-are", async () => {
    const { registry, metrics } = publisher([authority()]);
    metrics.marks("fleet", [{ generation: 1, notAfter: after(day).toISOString(), sealed: false }]);
    metrics.marks("fleet", [
      { generation: 2, notAfter: after(day).toISOString(), sealed: true },
      { generation: 3, notAfter: now.toISOString(), sealed: false },
    ]);
    metrics.marks("gone", [{ generation: 1, notAfter: now.toISOString(), sealed: false }]);
    expect(await lines(registry, "capstan_generation_mark_")).toEqual([
      `capstan_generation_mark_timestamp_seconds{${labels}} ${seconds + 86_400}`,
      `capstan_generation_mark_timestamp_seconds{authority="fleet",generation="3"} ${seconds}`,
      `capstan_generation_mark_sealed{${labels}} 1`,
      `capstan_generation_mark_sealed{authority="fleet",generation="3"} 0`,
    ]);
  });

  test("number-times-entries-room-and-blocked-keys-of-each-list", async () => {
    const { registry } = publisher([], [list]);
    expect(await lines(registry, "capstan_crl_")).toEqual([
      `capstan_crl_number{${labels}} 7`,
      `capstan_crl_this_update_timestamp_seconds{${labels}} ${seconds}`,
      `capstan_crl_next_update_timestamp_seconds{${labels}} ${seconds + 86_400}`,
      `capstan_crl_entries{${labels}} 2`,
      `capstan_crl_bytes_ratio{${labels}} 0.25`,
      `capstan_crl_waiting{${labels}} 4`,
    ]);
    expect(await lines(registry, "capstan_blocked")).toEqual([`capstan_blocked_public_keys{${labels}} 1`]);
  });

  test("nothing-of-a-crl-that-there-is-not-yet", async () => {
    const { status: _none, ...young } = list;
    expect(await lines(publisher([], [young]).registry, "capstan_crl_")).toEqual([]);
  });

  test("what-status-says-of-generations-anchors-and-conditions", async () => {
    const { registry } = publisher([authority({ spec, status })]);
    const told = (await registry.metrics()).split("\n").filter((line) => /^capstan_[^{]*\{authority/.test(line));
    const draining = 'capstan_generation_phase{authority="fleet",generation="2",phase="Draining"} 1';
    expect(told.filter((line) => line.startsWith("capstan_generation_phase{") && line.endsWith(" 1"))).toEqual([
      draining,
    ]);
    expect(told.filter((line) => !line.startsWith("capstan_generation_phase{"))).toEqual([
      `capstan_crl_publish_lag_seconds{${labels},anchor="prod"} 0`,
      `capstan_crl_publish_lag_seconds{${labels},anchor="far"} 3600`,
      'capstan_authority_condition{authority="fleet",type="Ready",reason="Issuing"} 1',
      'capstan_authority_condition{authority="fleet",type="CRLCapacity",reason="Any"} 0',
      `capstan_generation_not_after_timestamp_seconds{${labels}} ${seconds + 86_400}`,
      `capstan_generation_phase_since_timestamp_seconds{${labels}} ${seconds - 3_600}`,
      'capstan_trust_anchor_in_sync{authority="fleet",anchor="prod"} 1',
      'capstan_trust_anchor_in_sync{authority="fleet",anchor="far"} 0',
      `capstan_trust_anchor_read_timestamp_seconds{authority="fleet",anchor="prod"} ${seconds}`,
      `capstan_trust_anchor_read_timestamp_seconds{authority="fleet",anchor="far"} ${seconds - 86_400}`,
      'capstan_intent_unfinished{authority="fleet"} 0',
    ]);
  });

  test.each<[string, readonly AnchorSpec[]]>([
    ["is-ignored", [prod, { ...far, ignore: true }]],
    ["left-the-spec", [prod]],
    ["is-another-one-now", [prod, { ...far, region: "us-east-1" }]],
  ])("nothing-of-an-anchor-that-%s", async (_fact, trustAnchors) => {
    const { registry } = publisher([authority({ spec: { trustAnchors: [...trustAnchors] }, status })]);
    const told = await registry.metrics();
    expect(told).toContain('anchor="prod"');
    expect(told).not.toContain('anchor="far"');
  });

  test("that-an-intent-is-stored", async () => {
    const removalIntent = { trustAnchor: "prod", remaining: [], removes: [], expiresAt: now.toISOString() };
    const { registry } = publisher([authority({ status: { removalIntent } })]);
    expect(await lines(registry, "capstan_intent")).toEqual(['capstan_intent_unfinished{authority="fleet"} 1']);
  });

  test("how-far-other-clocks-are-ahead-that-were-heard-lately", async () => {
    const skews = (registry: Registry): Promise<readonly string[]> => lines(registry, "capstan_clock");
    expect(await skews(publisher().registry)).toEqual(['capstan_clock_skew_seconds{source="kubernetes"} 2.5']);
    expect(await skews(publisher([], [], now.getTime() - 1_500).registry)).toEqual([
      'capstan_clock_skew_seconds{source="kubernetes"} 2.5',
      'capstan_clock_skew_seconds{source="aws"} -1.5',
    ]);
  });

  test("outcomes-of-revocations", async () => {
    const { registry, metrics } = publisher();
    metrics.revocation("Recorded");
    metrics.revocation("Recorded");
    expect(await lines(registry, "capstan_revocations")).toEqual(['capstan_revocations_total{outcome="Recorded"} 2']);
  });

  test("nothing-any-more-of-what-is-gone", async () => {
    const authorities = [authority({ status })];
    const lists = [list];
    const { registry } = publisher(authorities, lists);
    expect(await registry.metrics()).toContain('authority="fleet"');
    authorities.length = 0;
    lists.length = 0;
    expect(await registry.metrics()).not.toContain('authority="fleet"');
  });
});

describe("how long a crl has been on its way", () => {
  const current = { generation: 2, number: 7, thisUpdate: crl.thisUpdate, enabled: true };
  type Anchor = NonNullable<Status["trustAnchors"]>[number];

  const lag = async (anchor: Partial<Anchor>): Promise<readonly string[]> => {
    const generations = [
      { number: 2, phase: "Active" as const, fingerprint: root, notBefore: after(-day).toISOString(), crl },
    ];
    const trustAnchors = [{ name: "prod", joined: true, bundle: [root], ...anchor }];
    const { registry } = publisher([authority({ status: { generations, trustAnchors } })]);
    const told = await lines(registry, "capstan_crl_publish_lag_seconds");
    return told.map((line) => line.replace(/^.* /u, ""));
  };

  test("is-none-when-the-newest-was-read-back", async () => {
    expect(await lag({ crls: [current] })).toEqual(["0"]);
    // After a restore from a backup AWS may be ahead.
    expect(await lag({ crls: [{ ...current, number: 9 }] })).toEqual(["0"]);
  });

  test("is-the-age-of-what-the-anchor-holds-however-new-the-newest-is", async () => {
    const held = { ...current, number: 4, thisUpdate: after(-10 * minute).toISOString() };
    expect(await lag({ crls: [held] })).toEqual(["600"]);
  });

  test.each<[string, Anchor["crls"]]>([
    ["none is there", undefined],
    ["that of another generation is there", [{ ...current, generation: 1 }]],
    ["the one there is disabled", [{ ...current, enabled: false }]],
    ["the one there cannot be read", [{ generation: 2, number: 0, enabled: true }]],
  ])("is-the-age-of-the-root-when-%s", async (_name, crls) => {
    expect(await lag(crls === undefined ? {} : { crls })).toEqual(["86400"]);
  });

  test.each<[string, Partial<Anchor>]>([
    ["lacks the root", { bundle: ["b".repeat(64)], crls: [{ ...current, number: 4 }] }],
    ["holds no certificate", { bundle: [] }],
    ["is disabled, so that nobody gets in", { state: "Disabled", crls: [{ ...current, number: 4 }] }],
  ])("is-not-told-of-an-anchor-that-%s", async (_name, anchor) => {
    expect(await lag(anchor)).toEqual([]);
  });
});

describe("the crl server tells", () => {
  test("how-old-each-crl-is-and-how-long-it-lasts-at-each-scrape", async () => {
    const crl = await signedCrl(await newGeneration(), 5);
    const map: ConfigMap = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "fleet-1", namespace: "capstan-system", labels: { "capstan.dev/published": "crl" } },
      binaryData: { "crl.der": Buffer.from(crl.der).toString("base64") },
    };
    const broken = { ...map, metadata: { ...map.metadata, name: "fleet-2" }, binaryData: { "crl.der": "AAAA" } };
    let maps = [map, broken];
    const runtime = createMetrics();
    createServerMetrics(runtime, { list: () => maps }, () => after(hour));
    expect(await lines(runtime.registry, "capstan_crl_server_crl")).toEqual([
      `capstan_crl_server_crl_age_seconds{crl="fleet-1"} ${(hour + minute) / 1_000}`,
      `capstan_crl_server_crl_left_seconds{crl="fleet-1"} ${(30 * day - hour) / 1_000}`,
    ]);
    maps = [];
    expect(await lines(runtime.registry, "capstan_crl_server_crl")).toEqual([]);
  });

  test("answers-and-refused-connections-from-zero-on", async () => {
    const runtime = createMetrics();
    const served = createServerMetrics(runtime, { list: () => [] });
    served.answered(200);
    served.refusedConnection("client");
    expect(await lines(runtime.registry, "capstan_crl_server_re")).toEqual([
      'capstan_crl_server_requests_total{code="200"} 1',
      'capstan_crl_server_requests_total{code="304"} 0',
      'capstan_crl_server_requests_total{code="404"} 0',
      'capstan_crl_server_requests_total{code="429"} 0',
      'capstan_crl_server_refused_connections_total{why="client"} 1',
      'capstan_crl_server_refused_connections_total{why="all"} 0',
    ]);
  });
});

// vitest -u writes it anew.
test("the-reference-says-what-the-tables-say", async () => {
  const reference = `# Metrics of the CRL publisher

Written from the tables in \`packages/crl-publisher/src/metrics\`. The runtime's own metrics have the names that controller-runtime gives
them, and are served beside these at \`/metrics\` of the health address.

## The publisher

Replicas that stand by tell the same as the leader, but for the counters \`capstan_signatures_total\` and \`capstan_revocations_total\`, and the marks, which the leader alone knows.

${formatMetricTable({ ...publisherMetricTable, ...ownCredentialsMetricTable })}
## The CRL server

${formatMetricTable(serverMetricTable)}`;
  await expect(reference).toMatchFileSnapshot("../../../../docs/reference/publisher-metrics.md");
});

test("signatures are counted by what they were for, the leaf of a CRL apart from other leaves of our own", async () => {
  const { registry, metrics } = publisher();
  const of = { authority: "fleet", generation: 2 } as const;
  const own = (role: "crl" | "publisher" | "canary") =>
    ({ ...of, purpose: "OwnLeaf", subject: `CN=${ownCommonName(role, "fleet")}` }) as const;
  metrics.signature({ ...of, purpose: "Root" }, "Signed");
  metrics.signature({ ...of, purpose: "CRL", crlNumber: 7 }, "Signed");
  metrics.signature({ ...of, purpose: "CRL", crlNumber: 8 }, "Failed");
  for (const role of ["crl", "publisher", "canary"] as const) metrics.signature(own(role), "Signed");
  // A scrape takes nothing away.
  await registry.metrics();
  expect((await lines(registry, "capstan_signatures_total")).toSorted()).toEqual([
    `capstan_signatures_total{${labels},purpose="CRL",result="Failed"} 1`,
    `capstan_signatures_total{${labels},purpose="CRL",result="Signed"} 1`,
    `capstan_signatures_total{${labels},purpose="OwnLeaf",result="Signed"} 2`,
    `capstan_signatures_total{${labels},purpose="Root",result="Signed"} 1`,
    `capstan_signatures_total{${labels},purpose="Sentinel",result="Signed"} 1`,
  ]);
});
