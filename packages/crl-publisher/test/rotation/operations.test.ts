import {
  authorityOperationResource,
  certificateAuthorityResource,
  issuedCertificateResource,
  revocationListResource,
} from "@capstan/api";
import { parseSerial, readCrl } from "@capstan/ca-core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newGeneration, wanted } from "../support/generation.ts";
import { after, day, hour, minute, ownNamespace, record, revokedAt } from "../support/objects.ts";
import { RotationWorld } from "../support/rotation-world.ts";

let world: RotationWorld;

beforeEach(async () => {
  world = await RotationWorld.start();
  await world.look();
});

afterEach(() => world[Symbol.asyncDispose]());

const ready = (): string | undefined => world.said.find((text) => text.startsWith("Ready"));

describe("Freeze", () => {
  test("is-done-once-every-issuer-stands-still-and-lasts-until-unfreeze", async () => {
    world.addIssuer("one");
    world.addIssuer("two");
    world.order("stop", { kind: "Freeze" });
    await world.look();
    expect(ready()).toBe("Ready False Frozen");
    expect(world.fleet.status?.frozen).toMatchObject({ holds: ["Operator"], order: 1 });
    expect(world.outcome("stop")).toMatch(/^Accepted: .*has not yet said that it stands still/);
    world.addIssuer("one", 1);
    await world.look();
    expect(world.outcome("stop")).toMatch(/^Accepted/);
    world.addIssuer("two", 1);
    await world.look();
    expect(world.outcome("stop")).toBe("Done: the issuer stands still");
    expect(ready()).toBe("Ready False Frozen");
    world.order("go", { kind: "Unfreeze" });
    await world.look();
    expect(world.outcome("go")).toBe("Done: no operator holds issuing");
    expect(world.fleet.status).not.toHaveProperty("frozen");
    expect(ready()).toBe("Ready True Issuing");
  });

  test("is-done-at-once-where-there-is-no-issuer", async () => {
    world.order("stop", { kind: "Freeze" });
    await world.look();
    expect(world.outcome("stop")).toBe("Done: the issuer stands still");
  });

  test("is-not-done-by-what-an-issuer-said-of-an-earlier-one", async () => {
    world.addIssuer("one", 1);
    world.order("stop", { kind: "Freeze" });
    await world.look();
    world.order("go", { kind: "Unfreeze" });
    await world.look();
    world.order("stop-again", { kind: "Freeze" });
    await world.look();
    expect(world.outcome("stop-again")).toMatch(/^Accepted/);
    world.addIssuer("one", 2);
    await world.look();
    expect(world.outcome("stop-again")).toMatch(/^Done/);
  });

  test("is-not-undone-by-deleting-it", async () => {
    world.addIssuer("one");
    world.order("stop", { kind: "Freeze" });
    await world.look();
    world.server.remove(authorityOperationResource, { namespace: ownNamespace, name: "stop" });
    await world.look();
    expect(ready()).toBe("Ready False Frozen");
    world.addIssuer("one", 1);
    await world.look();
    expect(world.fleet.status?.operations ?? []).toEqual([]);
    expect(ready()).toBe("Ready False Frozen");
  });

  test("does-not-stop-a-rotation", async () => {
    world.order("stop", { kind: "Freeze" });
    world.order("turn", { kind: "Rotate" });
    await world.until(() => world.phases === "1 Draining, 2 Active", hour);
    expect(ready()).toBe("Ready False Frozen");
  });
});

describe("operations", () => {
  test("are-handled-in-the-order-in-which-they-were-made-and-seen", async () => {
    world.order("b-first", { kind: "Freeze" });
    world.advance(1_000);
    world.order("a-second", { kind: "Unfreeze" });
    await world.look();
    expect(world.outcome("b-first")).toBe("Done: it was lifted by operation a-second");
    expect(world.outcome("a-second")).toMatch(/^Done/);
  });

  test("are-not-carried-out-twice-though-telling-their-end-was-cut-off", async () => {
    world.order("turn", { kind: "Rotate" });
    await world.look();
    await world.until(() => world.phases === "1 Draining, 2 Active", hour);
    world.order("no", { kind: "Abandon" });
    world.server.next("PATCH", /authorityoperations\/no\/status/, "lose the request");
    await expect(world.look()).rejects.toMatchObject({ code: "ERR_KUBE_CONNECTION" });
    expect(world.fleet.status?.operations).toMatchObject([{ name: "no", outcome: "Refused" }]);
    world.restart();
    await world.look();
    expect(world.outcome("no")).toMatch(/^Refused: no generation is being introduced/);
    expect(world.fleet.status?.operations ?? []).toEqual([]);
  });

  test("are-remembered-until-their-end-was-told", async () => {
    world.order("stop", { kind: "Freeze" });
    world.server.next("PATCH", /authorityoperations\/stop\/status/, { refuse: 409, reason: "Conflict" });
    await world.look();
    expect(world.outcome("stop")).toBe("unseen: ");
    expect(world.fleet.status?.operations).toMatchObject([{ name: "stop", outcome: "Done" }]);
    await world.look();
    expect(world.outcome("stop")).toBe("Done: the issuer stands still");
    expect(world.fleet.status).not.toHaveProperty("operations");
  });

  test("that-are-over-stay-over-though-the-cache-still-shows-them-as-new", async () => {
    world.order("stop", { kind: "Freeze" });
    world.observe();
    const stale = world.operations.list();
    await world.look();
    world.order("go", { kind: "Unfreeze" });
    await world.look();
    for (const operation of stale) world.operations.set(operation);
    await world.publisher.look();
    expect(world.fleet.status).not.toHaveProperty("frozen");
  });

  test("of-an-authority-that-does-not-exist-are-refused", async () => {
    world.server.remove(certificateAuthorityResource, { name: "fleet" });
    world.order("turn", { kind: "Rotate" });
    await world.look();
    expect(world.outcome("turn")).toBe(
      "Refused: CertificateAuthority fleet does not exist; create it, then order this again",
    );
  });

  test("that-were-made-anew-under-the-same-name-are-another-one", async () => {
    world.addIssuer("one");
    world.order("stop", { kind: "Freeze" });
    await world.look();
    world.server.remove(authorityOperationResource, { namespace: ownNamespace, name: "stop" });
    world.order("stop", { kind: "Rotate" });
    await world.look();
    expect(world.outcome("stop")).toBe("unseen: ");
    world.addIssuer("one", 1);
    await world.look();
    await world.look();
    expect(world.outcome("stop")).toMatch(/^Done: generation 2 is being introduced/);
  });
});

describe("Rotate", () => {
  test("begins-the-next-generation-at-once", async () => {
    world.order("turn", { kind: "Rotate" });
    await world.look();
    expect(world.phases).toBe("1 Active, 2 Published");
    expect(world.outcome("turn")).toBe("Done: generation 2 is being introduced");
    expect(world.said).toContain("Rotating True Soaking");
  });
});

describe("Abandon", () => {
  test("takes-the-next-generation-out-again-and-keeps-the-one-that-signs", async () => {
    world.order("turn", { kind: "Rotate" });
    await world.look();
    expect(await world.bundle()).toEqual([1, 2]);
    world.order("no", { kind: "Abandon" });
    await world.look();
    expect(world.mark(1).status).toMatchObject({ abandons: 2 });
    expect(world.mark(1).status?.sealed).not.toBe(true);
    await world.until(() => world.phases === "1 Active, 2 Abandoned", hour);
    expect(await world.bundle()).toEqual([1]);
    expect(await world.crls()).toEqual([1]);
    expect(world.outcome("no")).toMatch(/^Done/);
  });

  test("is-refused-after-the-switch", async () => {
    world.order("turn", { kind: "Rotate" });
    await world.until(() => world.phases === "1 Draining, 2 Active", hour);
    world.order("no", { kind: "Abandon" });
    await world.look();
    expect(world.outcome("no")).toMatch(/^Refused/);
    expect(await world.bundle()).toEqual([1, 2]);
  });

  test("loses-against-a-switch-that-was-faster", async () => {
    world.order("turn", { kind: "Rotate" });
    await world.look();
    world.order("no", { kind: "Abandon" });
    world.server.next("PATCH", /generationmarks\/fleet-1\/status/, (server) => {
      const mark = world.mark(1);
      server.put(
        {
          group: "capstan.dev",
          version: "v1alpha1",
          plural: "generationmarks",
          kind: "GenerationMark",
          namespaced: true,
        },
        { ...mark, status: { sealed: true } },
      );
    });
    await expect(world.look()).rejects.toMatchObject({ code: 409 });
    await world.look();
    expect(world.mark(1).status).toEqual({ sealed: true });
    expect(world.phases).toBe("1 Draining, 2 Active");
    expect(world.outcome("no")).toMatch(/^Refused/);
  });
});

describe("Compromised", () => {
  beforeEach(() => {
    world.raiseMark(1, after(7 * day));
    world.addIssuer("one");
  });

  test("freezes-replaces-and-releases-without-waiting-for-leaves-or-soak", async () => {
    world.order("leak", { kind: "Compromised", generations: [1] });
    await world.until(() => world.outcome("leak").startsWith("Done"), hour);
    expect(await world.bundle()).toEqual([2]);
    expect(world.fleet.status).toMatchObject({
      activeGeneration: 2,
      generations: [{ number: 1, compromised: true, reissueOrderedAt: expect.any(String) }, { number: 2 }],
    });
    expect(world.fleet.status).not.toHaveProperty("frozen");
    expect(ready()).toBe("Ready True Issuing");
    expect(await world.crls()).toEqual([2]);
  });

  test("holds-issuing-until-the-new-generation-is-everywhere", async () => {
    world.aws.emulator.setAvailable(false);
    world.advance(6 * minute);
    world.order("leak", { kind: "Compromised", generations: [1] });
    await world.look();
    expect(ready()).toBe("Ready False Frozen");
    expect(world.fleet.status?.frozen?.holds).toEqual(["Compromise"]);
    world.aws.emulator.setAvailable(true);
    await world.until(() => world.outcome("leak").startsWith("Done"), hour);
    expect(ready()).toBe("Ready True Issuing");
  });

  test("in-the-middle-of-a-rotation-goes-on-with-the-generation-that-is-there", async () => {
    world.order("turn", { kind: "Rotate" });
    await world.look();
    expect(world.phases).toBe("1 Active, 2 Published");
    world.order("leak", { kind: "Compromised", generations: [1] });
    await world.until(() => world.outcome("leak").startsWith("Done"), hour);
    expect(world.fleet.status?.activeGeneration).toBe(2);
    expect(await world.bundle()).toEqual([2]);
  });

  test("of-the-generation-that-is-being-introduced-keeps-the-one-that-signs", async () => {
    world.order("turn", { kind: "Rotate" });
    await world.look();
    world.order("leak", { kind: "Compromised", generations: [2] });
    await world.until(() => world.outcome("leak").startsWith("Done"), hour);
    expect(world.phases).toContain("1 Active, 2 Abandoned");
    expect(await world.bundle()).not.toContain(2);
  });

  test("of-a-generation-that-there-is-not-is-refused", async () => {
    world.order("leak", { kind: "Compromised", generations: [7] });
    await world.look();
    expect(world.outcome("leak")).toBe("Refused: there is no generation 7");
    expect(ready()).toBe("Ready True Issuing");
  });
});

describe("Recover", () => {
  test("takes-over-what-aws-revokes-and-raises-marks-and-accepts-the-roots-listed", async () => {
    // The state of now comes back later: as an etcd restored from a backup.
    const backup = world.server.snapshot();
    world.server.put(issuedCertificateResource, record({ status: revokedAt(world.aws.now) }));
    world.advance(minute);
    await world.look();
    world.order("turn", { kind: "Rotate" });
    await world.look();
    const lost = world.fleet.status?.generations?.[1]?.fingerprint ?? "";
    world.server.restore(backup);
    world.restart();
    await world.look();
    expect(world.said.some((text) => text.endsWith("StateBehind") || text.endsWith("Drift"))).toBe(true);
    const writes = world.aws.count;
    world.advance(6 * minute);
    await world.look();
    expect(world.aws.writes(writes)).toEqual([]);
    world.order("back", { kind: "Recover", acceptedRoots: [lost] });
    await world.until(() => world.outcome("back").startsWith("Done"), hour);
    expect(world.fleet.status?.acceptedRoots).toMatchObject([{ fingerprint: lost }]);
    expect(Date.parse(world.mark(1).spec.notAfter)).toBeGreaterThan(world.aws.now.getTime() + 6 * day);
    expect(world.publisher.options.crls.of("fleet", 1)?.stored?.serials.has("4f1c")).toBe(true);
  });
});

describe("a state that was restored from a backup", () => {
  test("takes-nothing-away-from-what-aws-revokes-though-something-else-is-revoked", async () => {
    const backup = world.server.snapshot();
    world.server.put(issuedCertificateResource, record({ status: revokedAt(world.aws.now) }));
    world.advance(minute);
    await world.look();
    world.server.restore(backup);
    world.restart();
    const later = record({ name: "record-2", spec: { serial: "5a5a" }, status: revokedAt(world.aws.now) });
    world.server.put(issuedCertificateResource, later);
    const inAws = async () => readCrl((await world.aws.controlPlane.listCrls())[0]?.crlPem ?? "").entries;
    await world.look();
    world.advance(2 * hour);
    await world.look();
    expect((await inAws()).has(parseSerial("4f1c"))).toBe(true);
    expect(world.said).toContain("Rotating False StateBehind");
    world.order("back", { kind: "Recover" });
    await world.until(() => world.outcome("back").startsWith("Done"), hour);
    await world.look();
    expect([(await inAws()).has(parseSerial("4f1c")), (await inAws()).has(parseSerial("5a5a"))]).toEqual([true, true]);
  });
});

describe("a CRL in AWS that is newer than ours", () => {
  test("is-not-taken-over-when-another-key-has-signed-it", async () => {
    const { crl: forged } = await wanted(await newGeneration(1), Number.MAX_SAFE_INTEGER, ["beef"]);
    const [inAws] = await world.aws.controlPlane.listCrls();
    world.aws.emulator.interfere({ kind: "replace-crl", arn: inAws?.arn ?? "", pem: forged.pem });
    world.advance(6 * minute);
    await world.look();
    expect(world.said).toContain("Rotating False StateBehind");
    world.order("back", { kind: "Recover" });
    await world.look();
    expect(world.outcome("back")).toContain("is not signed by its key; delete it in AWS");
    expect(JSON.stringify(world.server.all(revocationListResource))).not.toContain("beef");
    await world.aws.deleteCrl(inAws?.id ?? "");
    await world.until(() => world.outcome("back").startsWith("Done"), hour);
    expect(await world.crls()).toEqual([1]);
  });
});

describe("a deleted authority", () => {
  beforeEach(() => {
    world.raiseMark(1, after(day));
  });

  test("stays-until-its-leaves-are-gone-and-then-goes", async () => {
    world.delete();
    await world.look();
    expect(world.isGone).toBe(false);
    const rotating = world.fleet.status?.conditions?.find(({ type }) => type === "Rotating");
    expect(rotating?.message).toContain("The CertificateAuthority is being deleted");
    world.advance(day);
    await world.look();
    expect(world.isGone).toBe(false);
    // The publisher's own leaves count like any other.
    await world.until(() => world.isGone, hour);
    expect(await world.aws.controlPlane.listTrustAnchors()).toHaveLength(1);
  });

  test("goes-at-once-with-release-keep-and-leaves-aws-as-it-is", async () => {
    world.delete();
    world.order("let-go", { kind: "Release", aws: "Keep" });
    await world.look();
    expect(world.isGone).toBe(true);
    await world.look();
    expect(world.outcome("let-go")).toMatch(/^Done: Left in AWS: trust anchor prod with SHA-256 [0-9a-f]{64}$/);
    expect(await world.aws.controlPlane.listTrustAnchors()).toHaveLength(1);
    expect(await world.aws.controlPlane.listCrls()).toHaveLength(1);
  });

  test("takes-its-anchors-and-crls-with-it-with-release-delete", async () => {
    world.delete();
    world.order("let-go", { kind: "Release", aws: "Delete" });
    await world.until(() => world.isGone, hour);
    expect(await world.aws.controlPlane.listTrustAnchors()).toEqual([]);
    expect(await world.aws.controlPlane.listCrls()).toEqual([]);
  });

  test("release-is-refused-for-one-that-is-not-deleted", async () => {
    world.order("let-go", { kind: "Release", aws: "Delete" });
    await world.look();
    expect(world.outcome("let-go")).toMatch(/^Refused: the CertificateAuthority is not being deleted/);
    expect(await world.bundle()).toEqual([1]);
  });

  test("an-unknown-root-in-an-anchor-is-no-reason-to-stay", async () => {
    const { root } = await newGeneration(9);
    await world.aws.createAnchor("other", root.pem);
    world.delete();
    world.order("let-go", { kind: "Release", aws: "Keep" });
    await world.look();
    expect(world.isGone).toBe(true);
  });
});
