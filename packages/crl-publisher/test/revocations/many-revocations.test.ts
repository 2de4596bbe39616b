import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  type CertificateAuthority,
  certificateAuthorityResource,
  type IssuedCertificate,
  issuedCertificateResource,
  type Revocation,
  type RevocationList,
  revocationListResource,
  revocationResource,
} from "@capstan/api";
import { MAX_CRL_CHARACTERS } from "@capstan/ca-core";
import { createLogger, createMetrics, formatTime, HealthServer } from "@capstan/kube";
import { createRequestHandler } from "@capstan/rolesanywhere";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ApiServer } from "../../../issuer-controller/test/support/api-server.ts";
import { startCrlPublisher } from "../../src/crl-publisher.ts";
import { type ConfigMap, configMapResource } from "../../src/crl/config-map.ts";
import { crlPaceSettings } from "../../src/crl/crl-pace.ts";
import { readStored, type StoredCrl } from "../../src/crl/publish-crl.ts";
import { authority, day, hour, ownNamespace, record, revocation } from "../support/objects.ts";

// The whole publisher, as main.ts starts it, on an API server in memory. Its authority has no trust anchor: what is counted
// are CRLs, and each is one UpdateCrl for each anchor. It takes a minute on a busy machine, since the numbers are what is held.

/** Generous: a loaded machine is no error. */
const waitMs = 300_000;

let server: ApiServer;
let folder: string;
let stop: AbortController;
let ended: Promise<void> = Promise.resolve();
const begin = Date.now();
const times = { notBefore: formatTime(begin - hour), notAfter: formatTime(begin + day) };

beforeEach(async () => {
  server = await ApiServer.start();
  folder = await mkdtemp(path.join(tmpdir(), "capstan-publisher-"));
  stop = new AbortController();
  server.put(certificateAuthorityResource, authority({ spec: { trustAnchors: [] } }));
});

/** Resolves when the authority signs. */
async function start(): Promise<void> {
  ended = run();
  await vi.waitUntil(() => readyOf() === "True", { timeout: waitMs, interval: 50 });
}

afterEach(async () => {
  stop.abort();
  await ended;
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function run(): Promise<void> {
  const { client, connection } = server;
  const metrics = createMetrics();
  await startCrlPublisher(
    {
      client,
      connection,
      metrics,
      health: new HealthServer({ host: "127.0.0.1", port: 0, metrics }),
      log: createLogger({ program: "test", level: "error", to: { write: () => {} } }),
      userAgent: "capstan-crl-publisher/test",
      settings: {
        kubeconfig: undefined,
        namespace: ownNamespace,
        healthAddress: { host: "127.0.0.1", port: 0 },
        logLevel: "error",
        auditLog: path.join(folder, "audit.log"),
        awsEndpointUrl: "http://127.0.0.1:1",
      },
      now: () => new Date(),
      random: randomBytes,
      recordName: randomUUID,
      requestHandler: createRequestHandler({}),
      endpointVariant: {},
    },
    stop.signal,
  );
}

function readyOf(): string | undefined {
  const fleet = server.read(certificateAuthorityResource, { name: "fleet" }) as CertificateAuthority | undefined;
  return fleet?.status?.conditions?.find(({ type }) => type === "Ready")?.status;
}

/** So many leaves of namespace demo, each with a Revocation, all at once. */
function revokeMany(count: number, reason: Revocation["spec"]["reason"], namespace = "demo"): void {
  for (let index = 0; index < count; index += 1) {
    const serial = `4f${index.toString(16).padStart(30, "0")}`;
    server.put(issuedCertificateResource, record({ name: `leaf-${index}`, spec: { serial, ...times } }));
    const wish = revocation({ namespace, name: `leaf-${index}`, target: { serial } });
    server.put(revocationResource, { ...wish, spec: { ...wish.spec, reason } });
  }
}

const crl = (): StoredCrl =>
  readStored(server.read(configMapResource, { namespace: ownNamespace, name: "fleet-1" }) as ConfigMap);
const list = (): RevocationList =>
  server.read(revocationListResource, { namespace: ownNamespace, name: "fleet-1" }) as RevocationList;
const crlsMade = (from: number): number =>
  server.writes.slice(from).filter((write) => /^(PUT|POST) .*configmaps\/fleet-1$/.test(write)).length;
const withCondition = (type: string, status: string): readonly Revocation[] =>
  (server.all(revocationResource) as readonly Revocation[]).filter(({ status: is }) =>
    is?.conditions?.some((one) => one.type === type && one.status === status),
  );

test(
  "a-thousand-at-once-are-two-crls-at-most-and-all-are-published",
  async () => {
    await start();
    const from = server.writes.length;
    const revokedAt = performance.now();
    revokeMany(1_000, "superseded");
    await vi.waitUntil(() => withCondition("Published", "True").length === 1_000, { timeout: waitMs, interval: 200 });
    // As long as more are known to come, one is made now and then all the same: two, on a machine that is not slow.
    const collectings = Math.ceil((performance.now() - revokedAt) / crlPaceSettings.longestBusyMs);
    expect(crlsMade(from)).toBeLessThanOrEqual(1 + collectings);
    expect(crl().serials.size).toBeGreaterThan(1_000);
    // Marked, taken down, accepted and published: nothing is written that says what was said.
    const statuses = server.writes.slice(from).filter((write) => write.includes("/revocations/"));
    expect(statuses.length).toBeLessThanOrEqual(3_000);
    const marks = server.writes.slice(from).filter((write) => write.includes("/issuedcertificates/leaf-"));
    expect(marks).toHaveLength(1_000);
  },
  2 * waitMs,
);

test(
  "six-thousand-stay-below-what-aws-takes-and-those-without-room-say-so",
  async () => {
    // As many as there are after a bad week; those that come now are the last ones.
    for (let index = 0; index < 5_900; index += 1) {
      const spec = { serial: `4e${index.toString(16).padStart(30, "0")}`, ...times };
      const revoked = { at: formatTime(begin - hour), reason: "superseded", revocation: "demo/before" } as const;
      server.put(issuedCertificateResource, record({ name: `before-${index}`, spec, status: { revoked } }));
    }
    await start();
    await vi.waitUntil(() => (list()?.status?.published?.entries ?? 0) > 5_900, { timeout: waitMs, interval: 200 });
    revokeMany(200, "privilegeWithdrawn", ownNamespace);
    await vi.waitUntil(
      () => withCondition("Published", "True").length + withCondition("Accepted", "Unknown").length === 200,
      { timeout: waitMs, interval: 500 },
    );
    const [published, refused] = [withCondition("Published", "True"), withCondition("Accepted", "Unknown")];
    expect([published.length > 20, refused.length > 20]).toEqual([true, true]);
    expect(crl().pem.length).toBeLessThan(MAX_CRL_CHARACTERS);
    expect(crl().serials.size).toBeGreaterThan(5_900 + published.length);
    // Without room nothing is marked: what is not in the CRL is not called revoked.
    const marked = (server.all(issuedCertificateResource) as readonly IssuedCertificate[]).filter(
      ({ metadata, status }) => metadata.name.startsWith("leaf-") && status?.revoked !== undefined,
    );
    expect(marked).toHaveLength(published.length);
    expect(refused[0]?.status?.conditions?.[0]).toMatchObject({
      reason: "NoRoom",
      message: expect.stringMatching(/full/),
    });
    expect(list().status?.capacity).toMatchObject({ reasons: "LeftOut" });
    const fleet = (): CertificateAuthority =>
      server.read(certificateAuthorityResource, { name: "fleet" }) as CertificateAuthority;
    await vi.waitUntil(
      () => fleet().status?.conditions?.some(({ type, status }) => type === "CRLCapacity" && status === "False"),
      { timeout: waitMs, interval: 100 },
    );

    // The reserve: an administrator's leaked key is revoked all the same.
    const serial = "4d".padEnd(32, "1");
    server.put(issuedCertificateResource, record({ name: "leaked", spec: { serial, ...times } }));
    server.put(revocationResource, revocation({ namespace: ownNamespace, name: "leaked", target: { serial } }));
    await vi.waitUntil(() => withCondition("Published", "True").some(({ metadata }) => metadata.name === "leaked"), {
      timeout: waitMs,
      interval: 500,
    });
    expect(crl().serials.has(serial)).toBe(true);
  },
  4 * waitMs,
);
