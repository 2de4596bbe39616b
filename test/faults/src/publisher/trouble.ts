import type { Emulator } from "@capstan/test-rolesanywhere";
import type { Anchor } from "../../../soak/src/aws.ts";
import type { Case } from "./case.ts";
import { phasesOf } from "./witness.ts";
import { minuteMs, type World, type WorldOptions } from "./world.ts";

export type ConditionType = "Ready" | "TrustAnchorsInSync" | "Rotating" | "Drift" | "CRLCurrent";

/** What is wrong, in the words of a condition of the authority: its reason, then its message. */
export interface Words {
  readonly condition: ConditionType;
  readonly text: RegExp;
}

export async function untilSaid(world: World, { condition, text }: Words): Promise<void> {
  await world.until(`${condition} to say ${String(text)}`, ({ status }) =>
    (status?.conditions ?? []).some(
      ({ type, reason, message }) => type === condition && text.test(`${reason}: ${message ?? ""}`),
    ),
  );
}

/** Waits so long by the run's time. */
export async function pass(world: World, ms: number): Promise<void> {
  const end = world.now + ms;
  await world.until("time to pass", () => world.now >= end);
}

export async function untilPhases(world: World, phases: string): Promise<void> {
  await world.until(phases, ({ status }) => phasesOf(status ?? {}) === phases);
}

/** The first trust anchor. */
export function anchorOf(world: World): Anchor {
  const [anchor] = world.anchors;
  if (anchor === undefined) throw new TypeError("there is no trust anchor");
  return anchor;
}

export function storedAnchor(world: World): ReturnType<Emulator["trustAnchors"]>[number] {
  const found = world.aws.emulator.trustAnchors().find(({ arn }) => arn === anchorOf(world).arn);
  if (found === undefined) throw new Error("the trust anchor is gone");
  return found;
}

/** A rotation that something is in the way of. */
export interface Trouble {
  readonly name: string;
  readonly world?: WorldOf;
  /** Before the rotation is ordered. */
  readonly before?: (world: World) => Promise<void> | void;
  /** When the rotation has come to these phases. */
  readonly at?: "1 Active, 2 Published" | "1 Draining, 2 Active";
  readonly when?: (world: World) => Promise<void> | void;
  /** What status says while it lasts. */
  readonly says?: Words;
  /** It lasts so much longer, by the run's time: long enough for a step that nothing held up. */
  readonly lastsMs?: number;
  /** Phases that the rotation must not have left by then. */
  readonly stays?: string;
  /** Ends it; nothing else is done for the rotation to go on. */
  readonly ends?: (world: World) => Promise<void> | void;
  /** Where the rotation ends. */
  readonly until?: "1 Draining, 2 Active" | "1 Retired, 2 Active";
}

type WorldOf = Pick<WorldOptions, "anchors" | "factor" | "unknowns" | "environment" | "maxLeafDuration">;

/** Longer than the soak: a switch that nothing held up would have come. */
export const longerThanASoakMs: number = 6 * minuteMs;

/** The rotation is ordered, held up, and goes on by itself when the trouble ends. */
export function caseOf(row: Trouble): Case {
  const { name, at, until = "1 Draining, 2 Active" } = row;
  return {
    name,
    ...(row.world === undefined ? {} : { world: row.world }),
    run: async (world) => {
      await row.before?.(world);
      await world.order({ kind: "Rotate" });
      if (at !== undefined) await untilPhases(world, at);
      await row.when?.(world);
      if (row.says !== undefined) await untilSaid(world, row.says);
      if (row.lastsMs !== undefined) await pass(world, row.lastsMs);
      if (row.stays !== undefined) {
        const phases = phasesOf((await world.authority()).status ?? {});
        if (phases !== row.stays) throw new Error(`the phases are ${phases} and not ${row.stays}, while it lasted`);
      }
      await row.ends?.(world);
      await untilPhases(world, until);
      await world.untilJoined();
      return undefined;
    },
  };
}
