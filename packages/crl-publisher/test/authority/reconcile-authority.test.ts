import {
  type CertificateAuthority,
  certificateAuthorityResource,
  generationMarkResource,
  issuedCertificateResource,
  revocationListResource,
} from "@capstan/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { secretResource } from "../../src/authority/generation-store.ts";
import { type ConfigMap, configMapResource } from "../../src/crl/config-map.ts";
import { readStored } from "../../src/crl/publish-crl.ts";
import { newGeneration } from "../support/generation.ts";
import { authority, minute, now, ownNamespace, prod, record, revokedAt } from "../support/objects.ts";
import { RotationWorld } from "../support/rotation-world.ts";

let world: RotationWorld;

beforeEach(async () => {
  world = await RotationWorld.start();
});

afterEach(() => world[Symbol.asyncDispose]());

const allWell = [
  "Ready True Issuing",
  "TrustAnchorsInSync True ReadBack",
  "Rotating False RotationNotDue",
  "Drift False NothingFound",
  "CRLCurrent True Signed",
  "CRLCapacity True HasRoom",
];
const ref = { namespace: ownNamespace, name: "fleet-1" };
const readBack = () => world.publisher.readings.of("fleet", "prod", 1)?.crl;

describe("a new authority", () => {
  test("gets-root-crl-bundle-and-anchor-and-issues", async () => {
    await world.look();
    expect(world.said).toEqual(allWell);
    const [anchor] = await world.aws.controlPlane.listTrustAnchors();
    const bundle = world.server.read(configMapResource, { namespace: ownNamespace, name: "fleet-bundle" }) as ConfigMap;
    expect(bundle.data?.["bundle.pem"]).toBe(anchor?.bundlePem);
    expect(world.fleet.status).toMatchObject({
      observedGeneration: 1,
      activeGeneration: 1,
      highestGeneration: 1,
      nextRotation: "2027-10-23T02:54:59Z",
      generations: [{ number: 1, phase: "Active" }],
      trustAnchors: [{ name: "prod", arn: anchor?.arn, joined: true, state: "Present" }],
    });
  });

  test("has-a-trust-anchor-that-does-not-warn-of-every-leaf", async () => {
    await world.look();
    const [anchor] = await world.aws.controlPlane.listTrustAnchors();
    expect(anchor?.notificationSettings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ event: "END_ENTITY_CERTIFICATE_EXPIRY", enabled: false }),
        expect.objectContaining({ event: "CA_CERTIFICATE_EXPIRY", enabled: true, thresholdDays: 14 }),
      ]),
    );
  });

  test("does-not-issue-while-aws-is-away-and-heals-by-itself", async () => {
    world.aws.emulator.setAvailable(false);
    await world.look();
    expect(world.said.slice(0, 2)).toEqual(["Ready False AWSUnavailable", "TrustAnchorsInSync False AWSUnavailable"]);
    expect(world.fleet.status?.activeGeneration).toBeUndefined();
    world.aws.emulator.setAvailable(true);
    await world.until(() => world.phases === "1 Active", 2 * minute);
    expect(world.said).toEqual(allWell);
  });

  test("does-not-issue-under-a-strangers-anchor-and-overwrites-nothing", async () => {
    const { root } = await newGeneration();
    await world.aws.createAnchor("capstan-fleet-prod", root.pem);
    const before = world.aws.count;
    await world.look();
    expect(world.said).toEqual(
      expect.arrayContaining([
        "Ready False TrustAnchorConflict",
        "TrustAnchorsInSync False TrustAnchorConflict",
        "Drift True UnknownCertificate",
      ]),
    );
    expect(world.fleet.status?.conditions?.find(({ type }) => type === "Drift")?.message).toContain(root.sha256);
    expect(world.aws.writes(before)).toEqual([]);
  });

  test("does-not-choose-between-two-anchors-of-its-name", async () => {
    const { root } = await newGeneration();
    await world.aws.createAnchor("capstan-fleet-prod", root.pem);
    await world.aws.createAnchor("capstan-fleet-prod", root.pem);
    await world.look();
    expect(world.fleet.status?.trustAnchors?.[0]?.message).toContain(
      "2 trust anchors are named capstan-fleet-prod; delete the unused ones, or name one by its arn in spec.trustAnchors",
    );
    expect(world.phases).not.toContain("Active");
  });

  test.each<[fact: string, method: string, path: RegExp]>([
    ["finalizer", "PUT", /certificateauthorities/],
    ["secret", "POST", /secrets/],
    ["mark", "POST", /generationmarks/],
    ["list", "POST", /revocationlists/],
    ["crl", "POST", /configmaps/],
    ["status", "PATCH", /certificateauthorities/],
  ])("cut-off-at-the-%s-is-completed-by-the-next-process-with-one-of-each", async (_fact, method, path) => {
    world.server.next(method, path, "lose the answer");
    await expect(world.look()).rejects.toMatchObject({ code: "ERR_KUBE_CONNECTION" });
    world.restart();
    await world.look();
    expect(world.said).toEqual(allWell);
    const made = [secretResource, generationMarkResource, revocationListResource].map(
      (type) => world.server.all(type).length,
    );
    expect(made).toEqual([1, 1, 1]);
    expect([await world.bundle(), await world.crls()]).toEqual([[1], [1]]);
  });
});

describe("an authority without trust anchors", () => {
  test.each<[fact: string, trustAnchors: CertificateAuthority["spec"]["trustAnchors"]]>([
    ["an-empty-list", []],
    ["no-list", undefined],
  ])("issues-at-once-and-asks-aws-nothing-with-%s", async (_fact, trustAnchors) => {
    const { trustAnchors: _, ...spec } = world.fleet.spec;
    world.server.put(certificateAuthorityResource, {
      ...world.fleet,
      spec: { ...spec, ...(trustAnchors === undefined ? {} : { trustAnchors }) },
    });
    await world.look();
    expect(world.said).toEqual(allWell);
    expect(world.fleet.status).toMatchObject({ activeGeneration: 1, trustAnchors: [] });
    expect(world.aws.count).toBe(0);
    const bundle = world.server.read(configMapResource, { namespace: ownNamespace, name: "fleet-bundle" }) as ConfigMap;
    expect(bundle.data?.["bundle.pem"]).toContain("BEGIN CERTIFICATE");
  });
});

describe("an issuing authority", () => {
  beforeEach(async () => {
    await world.look();
  });

  test("writes-nothing-and-asks-aws-nothing-while-nothing-changes", async () => {
    const [writes, asked] = [world.server.writes.length, world.aws.count];
    world.advance(4 * minute);
    await world.look();
    expect([world.server.writes.length, world.aws.count]).toEqual([writes, asked]);
  });

  test("is-read-again-in-aws-after-five-minutes-however-often-it-was-looked-at-in-between", async () => {
    const { arn = "" } = world.fleet.status?.trustAnchors?.[0] ?? {};
    await world.aws.disableAnchor(arn);
    for (let looks = 0; looks < 2; looks += 1) {
      world.advance(2 * minute);
      await world.look();
    }
    expect(world.said).toEqual(allWell);
    world.advance(minute);
    await world.look();
    expect(world.said.slice(0, 2)).toEqual(["Ready True Issuing", "TrustAnchorsInSync False TrustAnchorConflict"]);
    expect(world.fleet.status).toMatchObject({
      activeGeneration: 1,
      trustAnchors: [{ joined: false, state: "Disabled" }],
    });
  });

  test("is-read-back-after-a-restart-before-anything-counts-as-published", async () => {
    world.restart();
    expect(readBack()).toBeUndefined();
    await world.look();
    expect(readBack()?.serials.size).toBe(1);
  });

  test("brings-a-revocation-into-every-anchor", async () => {
    world.server.put(issuedCertificateResource, record({ status: revokedAt(now) }));
    world.advance(1_000);
    await world.look();
    expect(readBack()?.serials.has("4f1c")).toBe(true);
    const [inAws] = await world.aws.controlPlane.listCrls();
    const stored = readStored(world.server.read(configMapResource, ref) as ConfigMap);
    expect(inAws).toMatchObject({ enabled: true, crlPem: stored.pem });
    expect(world.fleet.status?.trustAnchors?.[0]?.crls).toMatchObject([
      { generation: 1, number: Number(stored.number) },
    ]);
  });

  test("goes-on-issuing-through-an-outage-and-publishes-afterwards", async () => {
    world.server.put(issuedCertificateResource, record({ status: revokedAt(now) }));
    world.aws.emulator.setAvailable(false);
    world.advance(1_000);
    await world.look();
    expect(world.said.slice(0, 2)).toEqual(["Ready True Issuing", "TrustAnchorsInSync False AWSUnavailable"]);
    expect(readBack()?.serials.has("4f1c")).not.toBe(true);
    world.aws.emulator.setAvailable(true);
    await world.until(() => readBack()?.serials.has("4f1c") === true, 2 * minute);
    expect(world.said).toEqual(allWell);
  });

  test("takes-no-records-of-another-generation-into-its-crl", async () => {
    world.server.put(issuedCertificateResource, record({ spec: { generation: 2 }, status: revokedAt(now) }));
    const asked = world.aws.count;
    await world.look();
    expect(world.aws.count).toBe(asked);
  });

  test("stops-when-its-key-is-missing-and-goes-on-when-it-is-restored", async () => {
    const secret = world.server.read(secretResource, ref) as ConfigMap;
    world.server.remove(secretResource, ref);
    await world.look();
    expect(world.said[0]).toBe("Ready False KeyMissing");
    expect(world.fleet.status).toMatchObject({ activeGeneration: 1, generations: [{ number: 1 }] });
    expect(world.server.all(secretResource)).toEqual([]);
    world.server.put(secretResource, secret);
    await world.look();
    expect(world.said).toEqual(allWell);
  });

  test("stops-when-its-secret-holds-another-key-and-says-so", async () => {
    const secret = world.server.read(secretResource, ref) as ConfigMap;
    const { keySecret } = await import("../support/generation.ts");
    world.server.put(secretResource, { ...secret, ...keySecret(await newGeneration()), metadata: { ...ref } });
    await world.look();
    const ready = world.fleet.status?.conditions?.find(({ type }) => type === "Ready");
    expect(ready?.reason).toBe("KeyMissing");
    expect(ready?.message).toMatch(/Secret fleet-1 holds the root .*; restore the Secret from a backup/);
  });

  test("keeps-its-last-crl-in-aws-without-its-key", async () => {
    world.server.remove(secretResource, ref);
    const [inAws] = await world.aws.controlPlane.listCrls();
    await world.aws.deleteCrl(inAws?.id ?? "");
    world.restart();
    await world.look();
    expect((await world.aws.controlPlane.listCrls()).map(({ crlPem }) => crlPem)).toEqual([inAws?.crlPem]);
  });

  test("forgets-what-it-read-of-an-anchor-that-the-spec-moved", async () => {
    world.changeSpec({ trustAnchors: [{ ...prod, account: "444455556666" }] });
    world.aws.emulator.setAvailable(false);
    await world.look();
    expect(world.fleet.status?.trustAnchors).toMatchObject([{ name: "prod", joined: false }]);
    expect(world.fleet.status?.trustAnchors?.[0]).not.toHaveProperty("arn");
    expect(world.said[0]).toBe("Ready True Issuing");
  });

  test("reports-a-second-anchor-that-is-added-and-goes-on-issuing", async () => {
    const { name: _one, create: _create, ...place } = prod;
    const arn = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/11111111-aaaa-4bbb-8ccc-222222222222";
    world.changeSpec({ trustAnchors: [prod, { ...place, name: "test", arn }] });
    await world.look();
    expect(world.said.slice(0, 2)).toEqual(["Ready True Issuing", "TrustAnchorsInSync False TrustAnchorConflict"]);
    expect(world.fleet.status?.trustAnchors).toMatchObject([
      { name: "prod", joined: true },
      { name: "test", joined: false, state: "Missing" },
    ]);
  });

  test("an-edit-while-aws-was-asked-is-not-overwritten", async () => {
    world.advance(11 * minute);
    world.server.next("PATCH", /certificateauthorities/, () => world.changeSpec({ maxLeafDuration: "24h" }));
    await expect(world.look()).rejects.toMatchObject({ code: 409 });
    expect(world.fleet.spec.maxLeafDuration).toBe("24h");
    await world.look();
    expect(world.said).toEqual(allWell);
  });

  test("believes-no-clock-that-differs-from-its-own-and-says-so", async () => {
    world.server.now = () => new Date(world.aws.now.getTime() + 6 * minute);
    world.advance(5 * minute);
    await world.look();
    const rotating = world.fleet.status?.conditions?.find(({ type }) => type === "Rotating");
    expect(rotating).toMatchObject({ reason: "TimeUntrusted" });
    expect(rotating?.message).toContain("the clocks are more than five minutes apart");
    expect(world.said[0]).toBe("Ready True Issuing");
  });
});

test("nothing-is-done-for-an-authority-that-does-not-exist", async () => {
  world.server.remove(certificateAuthorityResource, { name: authority().metadata.name });
  expect(await world.look()).toEqual({});
  expect(world.server.writes).toEqual([]);
});
