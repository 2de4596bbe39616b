import { defineConfig } from "vitest/config";
import { AREAS, areaNamed } from "./tools/mutation-areas.ts";

// What the mutation run holds each mutant against: the tests of its area, with small properties. Named by the tool.
const area = areaNamed(process.env["CAPSTAN_MUTATION_AREA"] ?? AREAS[0].name);

export default defineConfig({
  test: {
    include: [...area.tests],
    env: { CAPSTAN_FUZZ: "30", CAPSTAN_SCHEDULES: "150" },
    testTimeout: 60_000,
  },
});
