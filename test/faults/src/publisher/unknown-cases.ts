import { UNKNOWNS } from "@capstan/test-rolesanywhere";
import type { Case } from "./case.ts";
import { longLeaf, scenarios } from "./scenarios.ts";
import { untilPhases } from "./trouble.ts";

/** Whatever AWS does where nobody has written it down, a leaf is revoked and a root replaced. */
export const unknownCases: readonly Case[] = Object.entries(UNKNOWNS).flatMap(([name, { positions }]) =>
  Object.keys(positions).map((position): Case => ({
    name: `unknown: ${name} is ${position}`,
    world: { unknowns: { [name]: position }, maxLeafDuration: longLeaf },
    run: async (world) => {
      const revocation = scenarios.find((scenario) => scenario.name === "revocation");
      await revocation?.prepare(world);
      await revocation?.run(world);
      await revocation?.expectEnd(world);
      await world.order({ kind: "Rotate" });
      await untilPhases(world, "1 Draining, 2 Active");
      await world.untilJoined();
      return undefined;
    },
  })),
);
