import type { FaultRule } from "@capstan/test-rolesanywhere";
import type { Case } from "./case.ts";
import { rotateUntilDraining } from "./scenarios.ts";
import { minuteMs, type World } from "./world.ts";

/** What status must say while a fault lasts. */
interface Saying {
  readonly condition: "TrustAnchorsInSync" | "Rotating" | "Drift" | "CRLCurrent" | "Ready";
  readonly text: RegExp;
}

async function untilSaid(world: World, { condition, text }: Saying): Promise<void> {
  await world.until(`${condition} to say ${String(text)}`, ({ status }) =>
    (status?.conditions ?? []).some(
      ({ type, reason, message }) => type === condition && text.test(`${reason}: ${message ?? ""}`),
    ),
  );
}

/** Faults that end by themselves or are ended once status has said what is wrong; the rotation goes on without anybody. */
const ROTATIONS: readonly {
  readonly name: string;
  readonly rule: FaultRule;
  readonly says?: Saying;
  /** The fault is ended by us. */
  readonly isEnded?: boolean;
}[] = [
  { name: "aws throttles", rule: { fault: { kind: "throttling" }, count: 5 } },
  {
    name: "an update has no effect",
    rule: { fault: { kind: "no-effect" }, operation: "UpdateTrustAnchor" },
    says: { condition: "TrustAnchorsInSync", text: /what is read is as it was before/ },
    isEnded: true,
  },
];

export const awsCases: readonly Case[] = ROTATIONS.map(({ name, rule, says, isEnded }) => ({
  name: `C01: ${name}`,
  run: async (world) => {
    const { emulator } = world.aws;
    emulator.injectFault(rule);
    await world.order({ kind: "Rotate" });
    if (says !== undefined) await untilSaid(world, says);
    if (isEnded === true) {
      // Long enough for a switch that nothing held up.
      const end = world.now + 6 * minuteMs;
      await world.until("six minutes to pass", () => world.now >= end);
      emulator.removeFaults();
    }
    await rotateUntilDraining(world);
    await world.untilJoined();
    return undefined;
  },
}));
