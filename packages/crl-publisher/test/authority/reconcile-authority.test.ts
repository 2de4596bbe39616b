import { randomBytes, randomUUID } from "node:crypto";
import {
  type CertificateAuthority,
  certificateAuthorityResource,
  generationMarkResource,
  type IssuedCertificate,
  issuedCertificateResource,
  revocationListResource,
} from "@capstan/api";
import { createLogger, type ReconcileResult } from "@capstan/kube";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ApiServer } from "../../../issuer-controller/test/support/api-server.ts";
import { ObjectStore } from "../../../kube/src/object-store.ts";
import { GenerationStore, secretResource } from "../../src/authority/generation-store.ts";
import { authorityReconciler } from "../../src/authority/reconcile-authority.ts";
import { type ConfigMap, configMapResource, readStored } from "../../src/crl/publish-crl.ts";
import { Readings } from "../../src/revocations/readings.ts";
import { MemoryAudit } from "../support/audit.ts";
import { Aws } from "../support/aws.ts";
import { newGeneration } from "../support/generation.ts";
import { after, authority, minute, now, ownNamespace, prod, record, revokedAt } from "../support/objects.ts";

let aws: Aws;
let server: ApiServer;
let readings: Readings;
let time: Date;
let reconciler: ReturnType<typeof authorityReconciler>;
let authorities: ObjectStore<CertificateAuthority>;
let records: ObjectStore<IssuedCertificate>;

beforeEach(async () => {
  aws = await Aws.start();
  server = await ApiServer.start();
  time = now;
  authorities = new ObjectStore();
  records = new ObjectStore({ authority: ({ spec }) => [spec.authority] });
  restart();
  server.put(certificateAuthorityResource, authority());
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await aws[Symbol.asyncDispose]();
});

/** A new process: what was read and loaded is forgotten. */
function restart(): void {
  readings = new Readings();
  const audit = new MemoryAudit().log;
  reconciler = authorityReconciler({
    client: server.client,
    namespace: ownNamespace,
    authorities,
    records,
    generations: new GenerationStore({ client: server.client, namespace: ownNamespace, audit, now: () => time }),
    controlPlaneOf: () => aws.controlPlane,
    readings,
    now: () => time,
    random: randomBytes,
    recordName: randomUUID,
    audit,
    log: createLogger({ program: "test", level: "silent" }),
  });
}

async function reconcile(): Promise<ReconcileResult> {
  authorities.set(server.read(certificateAuthorityResource, { name: "fleet" }) as CertificateAuthority);
  for (const one of server.all(issuedCertificateResource) as readonly IssuedCertificate[]) records.set(one);
  return (await reconciler("fleet", new AbortController().signal)) ?? {};
}

const fleet = (): CertificateAuthority =>
  server.read(certificateAuthorityResource, { name: "fleet" }) as CertificateAuthority;
const said = (): readonly string[] =>
  (fleet().status?.conditions ?? []).map(({ type, status, reason }) => `${type} ${status} ${reason}`);
const allWell = ["Ready True Issuing", "TrustAnchorsInSync True ReadBack", "CRLCurrent True Signed"];
const change = (spec: Partial<CertificateAuthority["spec"]>): void => {
  server.put(certificateAuthorityResource, { ...fleet(), spec: { ...fleet().spec, ...spec } });
};

describe("a new authority", () => {
  test("gets-root-crl-bundle-and-anchor-and-issues", async () => {
    expect(await reconcile()).toEqual({ requeueAfterMs: 600_000 });
    expect(said()).toEqual(allWell);
    const [anchor] = await aws.controlPlane.listTrustAnchors();
    const bundle = server.read(configMapResource, { namespace: ownNamespace, name: "fleet-bundle" }) as ConfigMap;
    expect(bundle.data?.["bundle.pem"]).toBe(anchor?.bundlePem);
    expect(fleet().status).toMatchObject({
      observedGeneration: 1,
      activeGeneration: 1,
      generations: [{ number: 1, phase: "Active" }],
      trustAnchors: [{ name: "prod", arn: anchor?.arn, joined: true }],
    });
  });

  test("does-not-issue-while-aws-is-away-and-heals-by-itself", async () => {
    aws.emulator.setAvailable(false);
    const waits = [await reconcile(), await reconcile(), await reconcile()].map(({ requeueAfterMs }) => requeueAfterMs);
    expect(waits).toEqual([2_000, 4_000, 8_000]);
    expect(said().slice(0, 2)).toEqual(["Ready False AWSUnavailable", "TrustAnchorsInSync False AWSUnavailable"]);
    expect(fleet().status?.activeGeneration).toBeUndefined();
    aws.emulator.setAvailable(true);
    await reconcile();
    expect(said()).toEqual(allWell);
  });

  test("does-not-issue-under-a-strangers-anchor", async () => {
    await aws.createAnchor("capstan-fleet-prod", (await newGeneration()).root.pem);
    await reconcile();
    expect(said().slice(0, 2)).toEqual([
      "Ready False TrustAnchorConflict",
      "TrustAnchorsInSync False TrustAnchorConflict",
    ]);
  });

  test.each<[fact: string, method: string, path: RegExp]>([
    ["secret", "POST", /secrets/],
    ["mark", "POST", /generationmarks/],
    ["list", "POST", /revocationlists/],
    ["crl", "POST", /configmaps/],
    ["status", "PATCH", /certificateauthorities/],
  ])("cut-off-at-the-%s-is-completed-by-the-next-process-with-one-of-each", async (_fact, method, path) => {
    server.next(method, path, "lose the answer");
    await expect(reconcile()).rejects.toMatchObject({ code: "ERR_KUBE_CONNECTION" });
    restart();
    await reconcile();
    expect(said()).toEqual(allWell);
    expect([server.all(secretResource).length, server.all(generationMarkResource).length]).toEqual([1, 1]);
    expect([(await aws.controlPlane.listTrustAnchors()).length, (await aws.controlPlane.listCrls()).length]).toEqual([
      1, 1,
    ]);
  });

  test("is-left-alone-once-it-is-being-deleted", async () => {
    server.put(certificateAuthorityResource, {
      ...authority(),
      metadata: { name: "fleet", deletionTimestamp: now.toISOString() },
    });
    await reconcile();
    expect(server.writes).toEqual([]);
  });
});

describe("an authority without trust anchors", () => {
  beforeEach(() => change({ trustAnchors: [] }));

  test.each<[fact: string, trustAnchors: CertificateAuthority["spec"]["trustAnchors"]]>([
    ["an-empty-list", []],
    ["no-list", undefined],
  ])("issues-at-once-and-asks-aws-nothing-with-%s", async (_fact, trustAnchors) => {
    const { trustAnchors: _, ...spec } = fleet().spec;
    server.put(certificateAuthorityResource, {
      ...fleet(),
      spec: { ...spec, ...(trustAnchors === undefined ? {} : { trustAnchors }) },
    });
    aws.emulator.setAvailable(false);
    const asked = aws.count;
    expect(await reconcile()).toEqual({ requeueAfterMs: 600_000 });
    expect(said()).toEqual(allWell);
    expect(fleet().status).toMatchObject({
      observedGeneration: 1,
      activeGeneration: 1,
      generations: [{ number: 1, phase: "Active" }],
      trustAnchors: [],
    });
    expect(aws.count).toBe(asked);
  });

  test("has-its-key-mark-list-crl-and-bundle-like-any-other", async () => {
    await reconcile();
    const made = [secretResource, generationMarkResource, revocationListResource].map(
      (type) => server.all(type).length,
    );
    expect(made).toEqual([1, 1, 1]);
    const bundle = server.read(configMapResource, { namespace: ownNamespace, name: "fleet-bundle" }) as ConfigMap;
    expect(bundle.data?.["bundle.pem"]).toContain("BEGIN CERTIFICATE");
  });
});

describe("an issuing authority", () => {
  beforeEach(async () => {
    await reconcile();
  });

  test("writes-nothing-and-asks-aws-nothing-while-nothing-changes", async () => {
    const [writes, asked] = [server.writes.length, aws.count];
    time = after(9 * minute);
    await reconcile();
    expect([server.writes.length, aws.count]).toEqual([writes, asked]);
  });

  test("is-read-again-in-aws-after-ten-minutes-however-often-it-was-looked-at-in-between", async () => {
    const { arn = "" } = fleet().status?.trustAnchors?.[0] ?? {};
    await aws.disableAnchor(arn);
    for (const minutes of [3, 6, 9]) {
      time = after(minutes * minute);
      await reconcile();
    }
    expect(said()).toEqual(allWell);
    time = after(10 * minute);
    await reconcile();
    expect(said()).toEqual([
      "Ready True Issuing",
      "TrustAnchorsInSync False TrustAnchorConflict",
      "CRLCurrent True Signed",
    ]);
    expect(fleet().status).toMatchObject({ activeGeneration: 1, trustAnchors: [{ joined: false }] });
  });

  test("is-read-back-after-a-restart-before-anything-counts-as-published", async () => {
    restart();
    expect(readings.of("fleet", "prod", 1)).toBeUndefined();
    await reconcile();
    expect(readings.of("fleet", "prod", 1)?.crl.serials.size).toBe(1);
  });

  test("brings-a-revocation-into-every-anchor", async () => {
    server.put(issuedCertificateResource, record({ status: revokedAt(now) }));
    time = after(1_000);
    await reconcile();
    expect(readings.of("fleet", "prod", 1)?.crl.serials.has("4f1c")).toBe(true);
    const [inAws] = await aws.controlPlane.listCrls();
    const stored = readStored(
      server.read(configMapResource, { namespace: ownNamespace, name: "fleet-1" }) as ConfigMap,
    );
    expect(inAws).toMatchObject({ enabled: true, crlPem: stored.pem });
    expect(fleet().status?.trustAnchors?.[0]?.crls).toMatchObject([{ generation: 1, number: Number(stored.number) }]);
  });

  test("goes-on-issuing-through-an-outage-and-publishes-afterwards", async () => {
    server.put(issuedCertificateResource, record({ status: revokedAt(now) }));
    aws.emulator.setAvailable(false);
    time = after(1_000);
    expect(await reconcile()).toEqual({ requeueAfterMs: 2_000 });
    expect(said()).toEqual(["Ready True Issuing", "TrustAnchorsInSync False AWSUnavailable", "CRLCurrent True Signed"]);
    expect(readings.of("fleet", "prod", 1)?.crl.serials.has("4f1c")).toBe(false);
    aws.emulator.setAvailable(true);
    await reconcile();
    expect(said()).toEqual(allWell);
    expect(readings.of("fleet", "prod", 1)?.crl.serials.has("4f1c")).toBe(true);
  });

  test("takes-no-records-of-another-generation-into-its-crl", async () => {
    server.put(issuedCertificateResource, record({ spec: { generation: 2 }, status: revokedAt(now) }));
    const asked = aws.count;
    await reconcile();
    expect(aws.count).toBe(asked);
  });

  test("stops-when-its-key-is-missing-and-goes-on-when-it-is-restored", async () => {
    const ref = { namespace: ownNamespace, name: "fleet-1" };
    const secret = server.read(secretResource, ref) as ConfigMap;
    server.remove(secretResource, ref);
    restart();
    expect(await reconcile()).toEqual({ requeueAfterMs: 60_000 });
    expect(said()[0]).toBe("Ready False KeyMissing");
    expect(fleet().status).toMatchObject({ activeGeneration: 1, generations: [{ number: 1 }] });
    expect(server.all(secretResource)).toEqual([]);
    server.put(secretResource, secret);
    await reconcile();
    expect(said()).toEqual(allWell);
  });

  test("forgets-what-it-read-of-an-anchor-that-the-spec-moved", async () => {
    change({ trustAnchors: [{ ...prod, account: "444455556666" }] });
    aws.emulator.setAvailable(false);
    await reconcile();
    expect(readings.of("fleet", "prod", 1)).toBeUndefined();
    expect(fleet().status?.trustAnchors).toMatchObject([{ name: "prod", joined: false }]);
    expect(said()[0]).toBe("Ready True Issuing");
  });

  test("reports-a-second-anchor-that-is-added-and-goes-on-issuing", async () => {
    const { name: _one, create: _create, ...place } = prod;
    const arn = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/11111111-aaaa-4bbb-8ccc-222222222222";
    change({ trustAnchors: [prod, { ...place, name: "test", arn }] });
    await reconcile();
    expect(said()).toEqual([
      "Ready True Issuing",
      "TrustAnchorsInSync False TrustAnchorConflict",
      "CRLCurrent True Signed",
    ]);
    expect(fleet().status?.trustAnchors).toMatchObject([
      { name: "prod", joined: true },
      { name: "test", joined: false },
    ]);
  });

  test("says-in-status-when-its-crl-may-not-be-published", async () => {
    const many = Array.from({ length: 5_000 }, (_, index) =>
      record({
        name: `record-${index}`,
        spec: { serial: `4f${index.toString(16).padStart(30, "0")}` },
        status: revokedAt(now),
      }),
    );
    for (const one of many) records.set(one);
    await expect(reconcile()).rejects.toMatchObject({ code: "ERR_CRL_REFUSED" });
    expect(said()).toEqual(["Ready True Issuing", "TrustAnchorsInSync True ReadBack", "CRLCurrent False CRLRefused"]);
  });

  test("an-edit-while-aws-was-asked-is-not-overwritten", async () => {
    time = after(11 * minute);
    server.next("PATCH", /certificateauthorities/, () => change({ maxLeafDuration: "24h" }));
    await expect(reconcile()).rejects.toMatchObject({ code: 409 });
    expect(fleet().spec.maxLeafDuration).toBe("24h");
    await reconcile();
    expect(said()).toEqual(allWell);
  });
});
