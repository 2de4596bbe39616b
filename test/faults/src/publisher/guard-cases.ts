import { generationMarkResource, generationName, type GenerationMark } from "@capstan/api";
import { KubeApiError, type KubeObject } from "@capstan/kube";
import { type Case, expectEqual } from "./case.ts";
import { secrets } from "./lab.ts";
import { scenarios } from "./scenarios.ts";
import { strangersRoot } from "./strangers-root.ts";
import { anchorOf, caseOf, longerThanASoakMs, pass, type Trouble, untilPhases, untilSaid } from "./trouble.ts";
import { phasesOf } from "./witness.ts";
import { minuteMs, type World } from "./world.ts";

/** Keys of Secrets that were taken away. */
const taken = new WeakMap<World, KubeObject>();

async function takeKey(world: World, generation: number): Promise<void> {
  const ref = { namespace: world.namespace, name: generationName(world.name, generation) };
  const { metadata, ...secret } = await world.lab.client.get<KubeObject>(secrets, ref);
  const { labels = {}, annotations = {} } = metadata;
  taken.set(world, { ...secret, metadata: { ...ref, labels, annotations } });
  await world.lab.client.delete(secrets, ref);
}

async function returnKey(world: World): Promise<void> {
  const secret = taken.get(world);
  if (secret !== undefined) await world.lab.client.create(secrets, secret);
}

async function changeAnchor(
  world: World,
  change: { readonly manage?: boolean; readonly ignore?: boolean },
  index = 0,
): Promise<void> {
  const { spec } = await world.authority();
  const trustAnchors = (spec.trustAnchors ?? []).map((anchor, at) =>
    at === index ? { ...anchor, ...change } : anchor,
  );
  await world.changeSpec({ trustAnchors });
}

const TROUBLES: readonly Trouble[] = [
  {
    name: "the key of the next generation is lost before the switch",
    at: "1 Active, 2 Published",
    when: (world) => takeKey(world, 2),
    says: { condition: "Rotating", text: /key Secret of generation 2 is missing/ },
    lastsMs: longerThanASoakMs,
    stays: "1 Active, 2 Published",
    ends: returnKey,
  },
  {
    name: "an anchor that is not managed is not written, and waited for",
    before: (world) => changeAnchor(world, { manage: false }),
    says: { condition: "TrustAnchorsInSync", text: /by hand/ },
    lastsMs: longerThanASoakMs,
    stays: "1 Active, 2 Pending",
    ends: (world) => changeAnchor(world, { manage: true }),
  },
  {
    name: "one anchor of two cannot be written, and is ignored",
    world: { anchors: 2 },
    before: (world) =>
      void world.aws.emulator.injectFault({
        fault: { kind: "access-denied" },
        operation: "UpdateTrustAnchor",
        region: world.anchors[1]?.region ?? "",
      }),
    says: { condition: "TrustAnchorsInSync", text: /AccessDenied/ },
    lastsMs: longerThanASoakMs,
    stays: "1 Active, 2 Pending",
    ends: async (world) => {
      await changeAnchor(world, { ignore: true }, 1);
      await untilPhases(world, "1 Draining, 2 Active");
      world.aws.emulator.removeFaults();
      await changeAnchor(world, { ignore: false }, 1);
    },
  },
  {
    name: "a foreign root drains before the rotation begins",
    before: async (world) => {
      const { pem, sha256 } = await strangersRoot();
      world.aws.emulator.interfere({ kind: "add-certificate", arn: anchorOf(world).arn, pem });
      await untilSaid(world, { condition: "Drift", text: /nothing of it is overwritten/ });
      const { spec } = await world.authority();
      const drainUntil = new Date(world.now + 10 * minuteMs).toISOString().replace(/\.\d+/, "");
      const foreignRoots = [{ fingerprint: sha256, drainUntil }];
      await world.changeSpec({
        trustAnchors: (spec.trustAnchors ?? []).map((anchor) => ({ ...anchor, foreignRoots })),
      });
      world.witness.expectsForeign(sha256);
    },
    says: { condition: "Rotating", text: /foreign root/ },
    lastsMs: 5 * minuteMs,
    stays: "1 Active",
  },
];

/** Held up from when the intent is stored until it has expired: then another one is stored. */
const expiredIntent: Case = {
  name: "guard: a removal that is held up until its intent has expired",
  run: async (world) => {
    await world.order({ kind: "Rotate" });
    await untilPhases(world, "1 Draining, 2 Active");
    let intents = 0;
    let isHeld = false;
    world.publisher.fate = ({ name }) => {
      if (name.includes(": ") && name.includes("intent")) intents += 1;
      // The intent is read again right before the removal is sent.
      if (intents !== 1 || isHeld || name !== "get certificateauthorities") return undefined;
      isHeld = true;
      return "held";
    };
    await world.until("the publisher to be stopped", () => world.publisher.isFrozen);
    await pass(world, 2 * minuteMs);
    world.publisher.thaw();
    await untilPhases(world, "1 Retired, 2 Active");
    return `${intents} intents`;
  },
};

/** A second order waits for the end of the first rotation: a bundle has room for two roots. */
const oneAtATime: Case = {
  name: "guard: a second rotation waits until the first has drained",
  run: async (world) => {
    await world.order({ kind: "Rotate" });
    await untilPhases(world, "1 Draining, 2 Active");
    await world.order({ kind: "Rotate" }, "again");
    await untilSaid(world, { condition: "Rotating", text: /no room|still draining|Draining/ });
    await pass(world, 5 * minuteMs);
    expectEqual("the phases", phasesOf((await world.authority()).status ?? {}), "1 Draining, 2 Active");
    await world.until(
      "the next generation",
      ({ status }) => status?.generations?.some(({ number }) => number === 3) === true,
    );
    const { status } = await world.authority();
    expectEqual("the first", status?.generations?.[0]?.phase === "Draining", false);
    return undefined;
  },
};

/** The CRD holds it: nobody, by no mistake of ours, lowers a mark, opens or raises a sealed one. */
const marks: Case = {
  name: "guard: the API server refuses to lower, open or raise a sealed mark",
  run: async (world) => {
    await world.order({ kind: "Rotate" });
    await untilPhases(world, "1 Draining, 2 Active");
    const { client } = world.lab;
    const refOf = (number: number) => ({ namespace: world.namespace, name: generationName(world.name, number) });
    const later = (mark: GenerationMark, ms: number): GenerationMark => ({
      ...mark,
      spec: {
        ...mark.spec,
        notAfter: new Date(Date.parse(mark.spec.notAfter) + ms).toISOString().replace(/\.\d+/, ""),
      },
    });
    for (const [what, number, ms] of [
      ["raise a sealed mark", 1, minuteMs],
      ["lower a sealed mark", 1, -minuteMs],
      ["lower an open mark", 2, -minuteMs],
    ] as const) {
      const ref = refOf(number);
      await refused(what, async () =>
        client.replace(
          generationMarkResource,
          later(await client.get<GenerationMark>(generationMarkResource, ref), ms),
        ),
      );
    }
    await refused("open a mark", async () => {
      const mark = await client.get<GenerationMark>(generationMarkResource, refOf(1));
      const open = { ...mark, status: { ...mark.status, sealed: false } };
      return client.replace(generationMarkResource, open, { subresource: "status" });
    });
    return undefined;
  },
};

/** The publisher writes marks too: what it was faster with is tried again. */
async function refused(what: string, write: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await write();
    } catch (error) {
      if (error instanceof KubeApiError && error.code === 409) continue;
      if (error instanceof KubeApiError && error.code === 422) return;
      throw error;
    }
    throw new Error(`the API server lets somebody ${what}`);
  }
}

export const guardCases: readonly Case[] = [
  {
    name: "guard: a whole rotation",
    world: { anchors: 2 },
    run: async (world) => {
      const rotation = scenarios.find(({ name }) => name === "rotation");
      await rotation?.prepare(world);
      await rotation?.run(world);
      await rotation?.expectEnd(world);
      return `${world.witness.writes} writes to AWS`;
    },
  },
  {
    name: "guard: nothing is rotated before it is due",
    run: async (world) => {
      await pass(world, 30 * minuteMs);
      expectEqual("the phases", phasesOf((await world.authority()).status ?? {}), "1 Active");
      expectEqual("what AWS holds", await world.stored(), ["1 / 1"]);
      return undefined;
    },
  },
  {
    name: "guard: an abandoned generation leaves the anchors, and a rotation goes on after it",
    run: async (world) => {
      await world.order({ kind: "Rotate" });
      await untilPhases(world, "1 Active, 2 Published");
      await world.order({ kind: "Abandon" });
      await world.until("AWS to hold the first root alone", async () => (await world.stored()).join() === "1 / 1");
      await untilPhases(world, "1 Active, 2 Abandoned");
      await world.order({ kind: "Rotate" }, "again");
      await world.until("the third generation to sign", ({ status }) => status?.activeGeneration === 3);
      return undefined;
    },
  },
  {
    name: "guard: a deleted authority stays until nothing that it has issued is valid",
    run: async (world) => {
      await world.issue(1);
      await world.lab.client.delete(
        {
          group: "capstan.dev",
          version: "v1alpha1",
          plural: "certificateauthorities",
          kind: "CertificateAuthority",
          namespaced: false,
        },
        { name: world.name },
      );
      await pass(world, 5 * minuteMs);
      const { metadata } = await world.authority();
      expectEqual("whether it is being deleted", metadata.deletionTimestamp !== undefined, true);
      expectEqual("what AWS holds", await world.stored(), ["1 / 1"]);
      return undefined;
    },
  },
  expiredIntent,
  oneAtATime,
  marks,
  ...TROUBLES.map((row) => caseOf({ ...row, name: `guard: ${row.name}` })),
];
