import type { HeldLeaf } from "../../../soak/src/held-leaf.ts";
import { expectEqual } from "./case.ts";
import { phasesOf } from "./witness.ts";
import type { World } from "./world.ts";

/** Something that a publisher carries through, from an order to its end. */
export interface Scenario {
  readonly name: string;
  /** Of the authority's leaves, where no drain is waited for: none of them ends while it is looked at. */
  readonly maxLeafDuration?: string;
  /** What is there before anything is killed. */
  readonly prepare: (world: World) => Promise<void>;
  /** Orders it and waits for its end, whatever happens to the publisher meanwhile. */
  readonly run: (world: World) => Promise<void>;
  /** Whether all is as it is without a kill. @throws Error with what is not */
  readonly expectEnd: (world: World) => Promise<void>;
}

/** Longer than any case. */
export const longLeaf = "4h";

const leaves = new WeakMap<World, HeldLeaf>();

async function plantLeaf(world: World): Promise<void> {
  const leaf = await world.issue(1);
  leaves.set(world, leaf);
  expectEqual("what AWS says to a leaf", await world.ask(leaf), "accepted");
}

export function leafOf(world: World): HeldLeaf {
  const leaf = leaves.get(world);
  if (leaf === undefined) throw new TypeError("no leaf was planted");
  return leaf;
}

/** The end that every scenario has: the authority issues, and AWS was read back with it. */
async function expectWell(world: World, phases: RegExp): Promise<void> {
  const { status } = await world.until(
    "conditions to be well",
    ({ status }) => world.says(status, "Ready", "True") && world.says(status, "TrustAnchorsInSync", "True"),
  );
  const found = phasesOf(status ?? {});
  if (!phases.test(found)) throw new Error(`the phases are ${found} and not ${String(phases)}`);
  expectEqual("what holds issuing", status?.frozen, undefined);
}

const rotation: Scenario = {
  name: "rotation",
  prepare: plantLeaf,
  run: async (world) => {
    const order = await world.order({ kind: "Rotate" });
    await world.until("the rotation's end", ({ status }) => phasesOf(status ?? {}) === "1 Destroyed, 2 Active");
    await world.untilDone(order);
  },
  expectEnd: async (world) => {
    await expectWell(world, /^1 Destroyed, 2 Active$/);
    expectEqual("generations with a key", await world.keys(), [2]);
    expectEqual(
      "what AWS holds",
      await world.stored(),
      world.anchors.map(() => "2 / 2"),
    );
    expectEqual("what AWS says to a new leaf", await world.ask(await world.issue(2)), "accepted");
  },
};

const revocation: Scenario = {
  name: "revocation",
  maxLeafDuration: longLeaf,
  prepare: plantLeaf,
  run: async (world) => {
    await world.revoke({ serial: leafOf(world).serial });
    await world.untilPublished();
  },
  expectEnd: async (world) => {
    await expectWell(world, /^1 Active$/);
    expectEqual("Accepted", await world.said("Accepted"), "True Recorded");
    for (const anchor of world.anchors) {
      const said = await world.ask(leafOf(world), anchor);
      // By its end it would be refused as well.
      if (world.now < leafOf(world).notAfter) expectEqual("what AWS says to it", said, "Certificate revoked");
    }
    const { serial } = leafOf(world);
    const isListed = world.aws.emulator
      .trustAnchors()
      .every(({ crls }) => crls.some(({ serials, enabled }) => enabled && serials.includes(serial)));
    if (world.now < leafOf(world).notAfter) expectEqual("whether every CRL names it", isListed, true);
  },
};

/** Its key is destroyed some time later, and a publisher that is killed again and again takes longer than that for the rest. */
const withoutTheFirst = /^1 (?:Retired|Destroyed), 2 Active$/;

const compromised: Scenario = {
  name: "compromised",
  maxLeafDuration: longLeaf,
  prepare: plantLeaf,
  run: async (world) => {
    const order = await world.order({ kind: "Compromised", generations: [1] });
    await world.untilDone(order);
    await world.until("the old root to be retired", ({ status }) => withoutTheFirst.test(phasesOf(status ?? {})));
  },
  expectEnd: async (world) => {
    await expectWell(world, withoutTheFirst);
    expectEqual(
      "what AWS holds",
      await world.stored(),
      world.anchors.map(() => "2 / 2"),
    );
    const said = await world.ask(leafOf(world));
    if (said === "accepted") throw new Error("a leaf of the compromised generation is not refused");
  },
};

const freeze: Scenario = {
  name: "freeze",
  maxLeafDuration: longLeaf,
  prepare: () => Promise.resolve(),
  run: async (world) => {
    await world.untilDone(await world.order({ kind: "Freeze" }));
    await world.until("status to say that it is frozen", ({ status }) => world.says(status, "Ready", "False"));
    await world.untilDone(await world.order({ kind: "Unfreeze" }));
  },
  expectEnd: async (world) => {
    await expectWell(world, /^1 Active$/);
    expectEqual(
      "what AWS holds",
      await world.stored(),
      world.anchors.map(() => "1 / 1"),
    );
  },
};

export const scenarios: readonly Scenario[] = [rotation, revocation, compromised, freeze];
