import { type Case } from "./case.ts";
import { scenarios } from "./scenarios.ts";

/** Each guard of the rotation where it has something to hold up. */
export const guardCases: readonly Case[] = [
  {
    name: "guard: a whole rotation",
    world: { anchors: 2 },
    run: async (world) => {
      const [rotation] = scenarios;
      await rotation?.prepare(world);
      await rotation?.run(world);
      await rotation?.expectEnd(world);
      return `${world.witness.writes} writes to AWS`;
    },
  },
];
