import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type AnchorStatus,
  type AnchorSync,
  awsAnchorName,
  awsCrlName,
  syncAnchor,
  type WantedGeneration,
} from "../../src/anchors/sync-anchor.ts";
import { Aws } from "../support/aws.ts";
import { newGeneration, wanted } from "../support/generation.ts";
import { type AnchorSpec, now, prod } from "../support/objects.ts";

// Against the emulator, which checks signatures, certificates, CRLs and rates as AWS does.

const generation = await newGeneration();
const stranger = await newGeneration();
const first = await wanted(generation, 5, ["4f1c"]);
const second = await wanted(generation, 6, ["4f1c", "4f1d"]);
const anchorName = "capstan-fleet-prod";
const crlName = awsCrlName("fleet", generation.root.sha256);

type Call = (...input: readonly unknown[]) => Promise<unknown>;

let aws: Aws;

beforeEach(async () => {
  aws = await Aws.start();
});

afterEach(() => aws[Symbol.asyncDispose]());

function sync(
  before?: AnchorStatus,
  generations: readonly WantedGeneration[] = [first],
  spec: AnchorSpec = prod,
): Promise<AnchorSync> {
  const { controlPlane } = aws;
  const signal = new AbortController().signal;
  return syncAnchor({ controlPlane, authority: "fleet", spec, before, wanted: generations, now: () => now, signal });
}

/** From nothing to an anchor in sync; what AWS was asked before is forgotten. */
async function synced(): Promise<{
  readonly status: AnchorStatus;
  readonly arn: string;
  readonly crlId: string;
  readonly from: number;
}> {
  const { status, problem } = await sync();
  if (problem !== undefined) throw new Error(problem.message);
  return { status, arn: status.arn ?? "", crlId: status.crls?.[0]?.id ?? "", from: aws.count };
}

test("names-in-aws-tell-authority-anchor-and-root", () => {
  expect(awsAnchorName("fleet", "prod")).toBe("capstan-fleet-prod");
  expect(awsCrlName("fleet", "0123456789abcdef".repeat(4))).toBe("capstan-fleet-0123456789abcdef");
});

describe("an anchor in an empty account", () => {
  test("is-created-gets-the-crl-and-is-read-back", async () => {
    const { status, problem } = await sync();

    expect(problem).toBeUndefined();
    expect(status).toMatchObject({
      name: "prod",
      joined: true,
      bundle: [generation.root.sha256],
      crls: [{ generation: 1, number: 5 }],
      readAt: "2026-11-22T03:00:00Z",
    });
    expect(await aws.controlPlane.listTrustAnchors()).toMatchObject([
      { arn: status.arn, name: anchorName, enabled: true, bundlePem: generation.root.pem },
    ]);
    expect(await aws.controlPlane.listCrls()).toMatchObject([
      { name: crlName, enabled: true, trustAnchorArn: status.arn, crlPem: first.crl.pem },
    ]);
  });

  test("costs-only-reads-from-then-on", async () => {
    const { status, from } = await synced();
    expect((await sync(status)).status).toEqual(status);
    expect(aws.writes(from)).toEqual([]);
  });

  test("is-not-created-when-an-arn-was-named", async () => {
    const arn = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/11111111-aaaa-4bbb-8ccc-222222222222";
    const { name, region, account } = prod;
    expect(await sync(undefined, [first], { name, region, account, arn })).toEqual({
      status: { name: "prod", joined: false, arn, message: `trust anchor ${arn} does not exist` },
      problem: { kind: "conflict", message: `trust anchor ${arn} does not exist` },
    });
    expect(aws.writes()).toEqual([]);
  });
});

describe("a publisher that comes back without its status", () => {
  test("finds-anchor-and-crl-by-name", async () => {
    const { status, from } = await synced();
    expect((await sync(undefined)).status).toEqual(status);
    expect(aws.writes(from)).toEqual([]);
  });

  test("finds-the-anchor-that-it-created-before-it-was-cut-off", async () => {
    const arn = await aws.createAnchor(anchorName, generation.root.pem);
    const from = aws.count;
    expect((await sync()).status).toMatchObject({ arn, joined: true });
    expect(aws.writes(from)).toEqual(["ImportCrl"]);
  });

  test("finds-the-crl-that-it-imported-before-it-was-cut-off", async () => {
    const { status, crlId, from } = await synced();
    const { crls: _lost, ...rest } = status;
    expect((await sync(rest)).status.crls).toEqual([{ generation: 1, id: crlId, number: 5 }]);
    expect(aws.writes(from)).toEqual([]);
  });

  test("finds-its-crl-beside-one-of-an-anchor-that-is-gone", async () => {
    const { status, arn, crlId } = await synced();
    // The anchor's successor: its CRL was imported, but status still has the id of the one before.
    await aws.deleteCrl(crlId);
    const other = await aws.createAnchor("other", generation.root.pem);
    const stale = await aws.importCrl(crlName, other, first.crl.pem);
    const imported = await aws.importCrl(crlName, arn, first.crl.pem);
    const from = aws.count;
    const { problem, status: next } = await sync({ ...status, crls: [{ generation: 1, id: stale, number: 5 }] });
    expect([problem, next.crls]).toEqual([undefined, [{ generation: 1, id: imported, number: 5 }]]);
    expect(aws.writes(from)).toEqual([]);
  });
});

describe("what others changed is repaired", () => {
  test("an-anchor-that-was-deleted-is-created-again", async () => {
    const { status, arn } = await synced();
    await aws.deleteAnchor(arn);
    const again = await sync(status);
    expect(again.problem).toBeUndefined();
    expect(again.status.arn).not.toBe(arn);
    expect(await aws.controlPlane.listCrls()).toHaveLength(1);
  });

  test("a-crl-that-was-deleted-is-imported-again", async () => {
    const { status, crlId } = await synced();
    await aws.deleteCrl(crlId);
    const again = await sync(status);
    expect(again.problem).toBeUndefined();
    expect(again.status.crls?.[0]?.id).not.toBe(crlId);
  });

  test("a-crl-that-was-disabled-is-enabled", async () => {
    const { status, crlId, from } = await synced();
    await aws.disableCrl(crlId);
    expect((await sync(status)).problem).toBeUndefined();
    expect(aws.writes(from)).toEqual(["DisableCrl", "EnableCrl"]);
    expect(await aws.controlPlane.getCrl(crlId)).toMatchObject({ enabled: true });
  });

  test("a-crl-that-was-replaced-by-an-older-one-is-updated", async () => {
    const { status, crlId, from } = await synced();
    await aws.updateCrl(crlId, (await wanted(generation, 4, ["0a"])).crl.pem);
    expect((await sync(status)).problem).toBeUndefined();
    expect(aws.writes(from)).toEqual(["UpdateCrl", "UpdateCrl"]);
    expect(await aws.controlPlane.getCrl(crlId)).toMatchObject({ crlPem: first.crl.pem });
  });
});

describe("a newer CRL", () => {
  test("updates-the-slot-and-takes-no-second-one", async () => {
    const { status, crlId, from } = await synced();
    const next = await sync(status, [second]);
    expect(next.status.crls).toEqual([{ generation: 1, id: crlId, number: 6 }]);
    expect(aws.writes(from)).toEqual(["UpdateCrl"]);
    expect(await aws.controlPlane.listCrls()).toMatchObject([{ crlPem: second.crl.pem }]);
  });

  test("goes-into-a-disabled-slot-which-is-enabled-too", async () => {
    const { status, crlId } = await synced();
    await aws.disableCrl(crlId);
    const next = await sync(status, [second]);
    expect(next.problem).toBeUndefined();
    expect(await aws.controlPlane.getCrl(crlId)).toMatchObject({ enabled: true, crlPem: second.crl.pem });
  });
});

describe("a conflict is reported and nothing is overwritten", () => {
  const foreign = `holds a certificate that no generation of this authority has (SHA-256 ${stranger.root.sha256}); nothing was overwritten`;

  test("a-strangers-root-under-our-name", async () => {
    const arn = await aws.createAnchor(anchorName, stranger.root.pem);
    const from = aws.count;
    expect(await sync()).toEqual({
      status: {
        name: "prod",
        joined: false,
        arn,
        bundle: [stranger.root.sha256],
        message: `trust anchor ${arn} ${foreign}`,
      },
      problem: { kind: "conflict", message: `trust anchor ${arn} ${foreign}` },
    });
    expect(aws.writes(from)).toEqual([]);
  });

  test("a-strangers-root-beside-ours-un-joins-the-anchor", async () => {
    const { status, arn, from } = await synced();
    await aws.replaceBundle(arn, generation.root.pem + stranger.root.pem);
    const next = await sync(status);
    expect(next).toMatchObject({ status: { joined: false, arn }, problem: { kind: "conflict" } });
    expect(next.status.crls).toEqual(status.crls);
    expect(aws.writes(from)).toEqual(["UpdateTrustAnchor"]);
  });

  test("our-root-was-replaced", async () => {
    const { status, arn, from } = await synced();
    await aws.replaceBundle(arn, stranger.root.pem);
    expect((await sync(status)).problem?.message).toBe(`trust anchor ${arn} ${foreign}`);
    expect(aws.writes(from)).toEqual(["UpdateTrustAnchor"]);
  });

  test("a-disabled-anchor-stays-disabled-since-somebody-meant-it", async () => {
    const { status, arn, from } = await synced();
    await aws.disableAnchor(arn);
    const next = await sync(status);
    expect(next.problem).toEqual({ kind: "conflict", message: `trust anchor ${arn} is disabled; enable it in AWS` });
    expect(next.status.joined).toBe(false);
    expect(aws.writes(from)).toEqual(["DisableTrustAnchor"]);
  });

  test("two-anchors-of-our-name", async () => {
    await aws.createAnchor(anchorName, generation.root.pem);
    await aws.createAnchor(anchorName, generation.root.pem);
    const from = aws.count;
    const { status, problem } = await sync();
    expect(problem).toMatchObject({ kind: "conflict", message: expect.stringContaining("2 trust anchors are named") });
    expect(status).toMatchObject({ joined: false });
    expect(aws.writes(from)).toEqual([]);
  });

  test("two-crls-of-our-name", async () => {
    const { status, arn } = await synced();
    await aws.importCrl(crlName, arn, first.crl.pem);
    const { crls: _lost, ...rest } = status;
    const from = aws.count;
    expect((await sync(rest)).problem).toMatchObject({
      kind: "conflict",
      message: expect.stringContaining(`2 CRLs of ${arn} are named ${crlName}; delete all but one in AWS`),
    });
    expect(aws.writes(from)).toEqual([]);
  });

  // Somebody else's write lands between ours and our look at it.
  test.each<
    [fact: string, call: "updateCrl" | "enableCrl", rival: (id: string) => Promise<void>, wanted: WantedGeneration]
  >([
    ["replaced-after-our-update", "updateCrl", (id) => aws.updateCrl(id, first.crl.pem), second],
    ["deleted-after-our-update", "updateCrl", (id) => aws.deleteCrl(id), second],
    ["disabled-after-we-enabled-it", "enableCrl", (id) => aws.disableCrl(id), first],
    ["replaced-after-we-enabled-it", "enableCrl", (id) => aws.updateCrl(id, second.crl.pem), first],
  ])("a-crl-that-was-%s", async (_fact, call, rival, generationWanted) => {
    const { status, arn, crlId } = await synced();
    await aws.disableCrl(crlId);
    const { controlPlane } = aws;
    const racing: typeof controlPlane = {
      ...controlPlane,
      [call]: async (input: never) => {
        const answer = await controlPlane[call](input);
        await rival(crlId);
        return answer;
      },
    };
    const signal = new AbortController().signal;
    const input = {
      authority: "fleet",
      spec: prod,
      before: status,
      wanted: [generationWanted],
      now: () => now,
      signal,
    };
    const { status: after, problem } = await syncAnchor({ ...input, controlPlane: racing });
    const message = `CRL ${crlId} of ${arn} was not read back as it was published`;
    expect(problem).toEqual({ kind: "conflict", message });
    expect(after.crls).toEqual([{ generation: 1, id: crlId, number: 5 }]);
  });
});

describe("an outage", () => {
  test("before-anything-leaves-nothing-and-heals", async () => {
    aws.emulator.setAvailable(false);
    const { status, problem } = await sync();
    expect([status.joined, problem?.kind, status.message === problem?.message]).toEqual([false, "aws", true]);
    aws.emulator.setAvailable(true);
    expect((await sync(status)).problem).toBeUndefined();
  });

  test("keeps-what-is-known-and-the-anchor-joined", async () => {
    const { status } = await synced();
    aws.emulator.setAvailable(false);
    const next = await sync(status, [second]);
    expect(next.problem?.kind).toBe("aws");
    expect(next.status).toEqual({ ...status, message: next.problem?.message });
    aws.emulator.setAvailable(true);
    const healed = await sync(next.status, [second]);
    expect(healed.problem).toBeUndefined();
    expect(healed.status).not.toHaveProperty("message");
  });

  // Cut off after each call in turn, with or without the status that the cut-off run returned.
  test.each([1, 2, 3, 4, 5].flatMap((calls) => [true, false].map((isKept) => [calls, isKept] as const)))(
    "after-%i-calls-makes-no-second-anchor-or-crl (status kept: %s)",
    async (calls, isKept) => {
      let left = calls;
      const cutting = Object.entries(aws.controlPlane).map(([name, call]: [string, Call]) => [
        name,
        async (...input: readonly unknown[]) => {
          left -= 1;
          aws.emulator.setAvailable(left >= 0);
          return call(...input);
        },
      ]);
      const controlPlane = Object.fromEntries(cutting) as typeof aws.controlPlane;
      const signal = new AbortController().signal;
      const input = { authority: "fleet", spec: prod, wanted: [first], now: () => now, signal };
      const cut = await syncAnchor({ ...input, controlPlane, before: undefined });
      expect(cut.problem?.kind).toBe("aws");

      aws.emulator.setAvailable(true);
      const next = await syncAnchor({
        ...input,
        controlPlane: aws.controlPlane,
        before: isKept ? cut.status : undefined,
      });
      expect(next.problem).toBeUndefined();
      expect(await aws.controlPlane.listTrustAnchors()).toHaveLength(1);
      expect(await aws.controlPlane.listCrls()).toHaveLength(1);
    },
  );

  test("an-abort-is-not-an-outage", async () => {
    const controller = new AbortController();
    controller.abort(new Error("stopping"));
    const { controlPlane } = aws;
    const input = { controlPlane, authority: "fleet", spec: prod, before: undefined, wanted: [first], now: () => now };
    await expect(syncAnchor({ ...input, signal: controller.signal })).rejects.toThrow("stopping");
  });
});
